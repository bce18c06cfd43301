"""From a request's spec to a complete one, or a list of faults with JSON pointers."""
