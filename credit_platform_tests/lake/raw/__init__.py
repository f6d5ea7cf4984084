"""Tests of lake.raw."""
