"""Tests of cli.run."""
