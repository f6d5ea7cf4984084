"""Tests of cli.versions."""
