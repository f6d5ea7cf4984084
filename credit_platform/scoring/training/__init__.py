"""Fitting one version of a model: windows, samples, tuning."""
