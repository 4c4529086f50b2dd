"""Qrels, metrics, slices, significance, reports and gates."""
