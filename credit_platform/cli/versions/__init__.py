"""Verbs about versions and decisions."""
