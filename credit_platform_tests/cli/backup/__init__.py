"""Tests of cli.backup."""
