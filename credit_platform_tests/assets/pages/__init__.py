"""Tests of assets.pages."""
