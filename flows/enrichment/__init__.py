"""Six sources, six stages, one merged record."""
