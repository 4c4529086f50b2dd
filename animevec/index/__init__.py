"""Vectors and payload of one release, over one interface and two engines."""
