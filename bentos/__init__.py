"""BentoML services; thin."""
