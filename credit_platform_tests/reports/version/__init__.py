"""Tests of reports.version."""
