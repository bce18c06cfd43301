"""The formats of data sets: a module each, and `registry`, which detects the format."""
