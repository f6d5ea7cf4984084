"""Tests of lake.models."""
