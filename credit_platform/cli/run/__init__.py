"""Verbs that build, score, monitor and train."""
