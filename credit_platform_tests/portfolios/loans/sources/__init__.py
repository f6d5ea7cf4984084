"""Tests of portfolios.loans.sources."""
