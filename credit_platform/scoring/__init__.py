"""Temporal windows, models, calibration, discrimination, promotion. Pure."""
