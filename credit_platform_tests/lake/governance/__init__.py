"""Tests of lake.governance."""
