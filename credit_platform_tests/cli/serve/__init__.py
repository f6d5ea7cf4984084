"""Tests of credit_platform.cli.serve."""
