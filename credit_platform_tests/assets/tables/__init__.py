"""Tests of assets.tables."""
