"""Search as it is asked and answered."""
