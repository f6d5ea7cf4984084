"""Verbs about generated books: demo, simulate, fidelity."""
