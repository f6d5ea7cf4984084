"""Drift scenarios: what was planted, what was detected, what cured it."""
