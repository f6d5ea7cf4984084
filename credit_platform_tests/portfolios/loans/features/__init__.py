"""Tests of portfolios.loans.features."""
