"""Statistics of samples of any kind: intervals, discrimination, calibration tests, stability. Pure."""
