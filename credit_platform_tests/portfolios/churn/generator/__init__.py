"""Tests of portfolios.churn.generator."""
