"""Tests of portfolios.loans.outcome."""
