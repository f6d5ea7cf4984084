"""Tests of credit_platform.automation."""
