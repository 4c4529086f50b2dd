"""The HTTP surface, one module per family of endpoints."""
