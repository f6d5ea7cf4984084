"""Assets of bronze, silver and gold tables and of their row balance and quality."""
