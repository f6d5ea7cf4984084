"""Decisions people took on applications, and their overrides."""
