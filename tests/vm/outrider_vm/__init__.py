# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own kernel in an emulated machine, with this machine's file system."""
