"""Tests of credit_platform; the tree mirrors the package."""
