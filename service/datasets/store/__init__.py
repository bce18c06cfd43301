"""The files of stored data sets: written whole or not at all, and read with checks."""
