"""Anime records, their ids, and the store that is the source of truth."""
