"""Caches of answers and of query vectors: in process, and shared over Redis where one is named."""
