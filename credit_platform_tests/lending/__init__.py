"""Tests of credit_platform.lending."""
