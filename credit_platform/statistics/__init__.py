"""Numbers about samples that know no loan: intervals, discrimination, calibration tests, stability. Pure."""
