"""Tests of lake.backup."""
