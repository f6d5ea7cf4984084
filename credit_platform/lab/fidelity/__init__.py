"""How near a generated book comes to a real one."""
