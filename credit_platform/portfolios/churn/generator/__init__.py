"""Generates churn books from a known process, so that what is found in them can be compared with the ground truth."""
