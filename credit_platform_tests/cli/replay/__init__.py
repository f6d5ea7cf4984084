"""Tests of cli.replay."""
