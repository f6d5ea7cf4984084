"""Tests of assets.monitoring."""
