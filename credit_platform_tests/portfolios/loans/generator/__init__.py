"""Tests of portfolios.loans.generator."""
