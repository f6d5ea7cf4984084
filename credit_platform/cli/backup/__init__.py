"""Verbs that keep a data folder well: backup, restore, prune."""
