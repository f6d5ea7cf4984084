"""Tests of monitoring.action."""
