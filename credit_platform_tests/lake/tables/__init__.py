"""Tests of lake.tables."""
