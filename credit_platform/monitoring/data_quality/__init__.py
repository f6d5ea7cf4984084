"""How good the sources, tables and labels of a month are."""
