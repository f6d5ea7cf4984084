"""Tests of credit_platform.assets."""
