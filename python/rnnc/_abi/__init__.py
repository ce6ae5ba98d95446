# SPDX-License-Identifier: MIT
"""The binary interface of the library, as its headers have it."""
