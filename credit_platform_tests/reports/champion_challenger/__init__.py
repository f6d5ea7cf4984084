"""Tests of reports.champion_challenger."""
