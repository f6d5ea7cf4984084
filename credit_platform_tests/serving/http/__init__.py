"""Tests of credit_platform.serving.http."""
