"""How a table is cleaned: cells, named rules, strategies. Pure."""
