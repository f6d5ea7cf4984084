"""Tests of cli.lab."""
