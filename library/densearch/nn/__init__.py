"""Weighted convolutions in PyTorch."""
