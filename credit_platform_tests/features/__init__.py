"""Tests of credit_platform.features."""
