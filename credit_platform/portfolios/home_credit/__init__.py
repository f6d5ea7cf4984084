"""Home Credit: applications with relational histories, and no calendar."""
