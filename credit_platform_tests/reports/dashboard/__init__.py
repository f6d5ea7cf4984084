"""Tests of reports.dashboard."""
