"""Tests of lab.scenarios."""
