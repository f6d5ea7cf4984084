"""How near a generated book is to a real one."""
