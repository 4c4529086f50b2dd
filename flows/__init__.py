"""Prefect flows; they only order calls."""
