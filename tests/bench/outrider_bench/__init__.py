# SPDX-License-Identifier: GPL-3.0-or-later
"""Two network namespaces, tunnels between them, and what they cost."""
