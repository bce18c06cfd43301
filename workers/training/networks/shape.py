"""See `densearch.plugins.shape`."""

from densearch.plugins.shape import InputShape

__all__ = ["InputShape"]
