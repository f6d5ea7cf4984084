"""Dagster's instance: the run history's storage, and the one door to Dagster's private parts."""
