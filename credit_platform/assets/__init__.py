"""Dagster assets, one module per layer. Thin: read, call one pure function, return."""
