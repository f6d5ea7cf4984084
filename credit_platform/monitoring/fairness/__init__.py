"""How groups of applicants fare beside each other."""
