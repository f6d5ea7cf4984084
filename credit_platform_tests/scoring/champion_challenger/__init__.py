"""Tests of scoring.champion_challenger."""
