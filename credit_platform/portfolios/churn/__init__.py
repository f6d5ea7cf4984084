"""Churn: which customers of a shop will not come back, month by month."""
