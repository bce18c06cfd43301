"""Built-in image sets, read from the wheels of scikit-image and scikit-learn: no downloads."""
