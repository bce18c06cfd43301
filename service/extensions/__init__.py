"""Plug-ins: packages found by entry points, and the settings that they define."""
