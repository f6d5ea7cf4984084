"""Tests of serving: applications as they are handed in, scored as the pipeline scored them."""
