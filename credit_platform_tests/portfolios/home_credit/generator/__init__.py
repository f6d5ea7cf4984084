"""Tests of portfolios.home_credit.generator."""
