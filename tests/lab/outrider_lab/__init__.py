# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: a client, a NAT router, a gateway, a host behind it and an internet, in namespaces."""
