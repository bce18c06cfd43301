"""The base of every section of a spec, which the service shares with plug-ins."""

from densearch.plugins.sections import Section

__all__ = ["Section"]
