"""The formats of data sets: a module each, and `registry`, which tells them apart."""
