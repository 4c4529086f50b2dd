"""Anime search kernel: catalogue, encoders, index and search behind one set of types."""

__version__ = "0.1.0"
