"""MLflow: encoder versions, releases, aliases, promotion as a transaction, audit."""
