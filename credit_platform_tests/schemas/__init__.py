"""Tests of credit_platform.schemas."""
