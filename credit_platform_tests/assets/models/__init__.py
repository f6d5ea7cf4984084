"""Tests of assets.models."""
