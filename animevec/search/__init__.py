"""Query to explained hits: one code path for service, command line and evaluation."""
