"""Tests of lab.fidelity."""
