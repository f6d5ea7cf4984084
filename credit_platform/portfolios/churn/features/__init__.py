"""What is known of a customer at the end of a month."""
