"""See `densearch.nn.memory_format`."""

from densearch.nn.memory_format import lay_out, memory_format_of, place_network

__all__ = ["lay_out", "memory_format_of", "place_network"]
