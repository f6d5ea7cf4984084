"""Source files: reading, dating, deliveries."""
