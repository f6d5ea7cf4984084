"""Tests of credit_platform.checks."""
