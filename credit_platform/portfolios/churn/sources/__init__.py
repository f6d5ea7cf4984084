"""What the three sources deliver, and how it is cleaned."""
