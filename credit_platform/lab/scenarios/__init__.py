"""Drift scenarios: the simulated drift, what was detected of it, what cured it."""
