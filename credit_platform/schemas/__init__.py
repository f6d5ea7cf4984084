"""One dataframely class per table, and what cleaning a table means. Pure."""
