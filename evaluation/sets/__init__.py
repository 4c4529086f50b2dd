"""Loaders of frozen query sets; their files lie beside them or in a folder that is given."""
