"""The ``animevec`` command line."""
