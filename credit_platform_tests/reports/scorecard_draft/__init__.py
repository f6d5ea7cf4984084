"""Tests of reports.scorecard_draft."""
