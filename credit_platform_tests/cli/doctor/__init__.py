"""Tests of cli.doctor."""
