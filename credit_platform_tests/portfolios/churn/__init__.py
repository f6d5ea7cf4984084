"""Tests of the churn book."""
