"""The Home Credit book: seven relational sources, an application scored once, and no calendar."""
