"""Tests of portfolios.loans."""
