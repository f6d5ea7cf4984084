"""A credit-default platform as a Dagster asset graph."""
