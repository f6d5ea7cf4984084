"""Tests of credit_platform.lake."""
