"""What the main paths cost, in CPU seconds and beside the same work without Dagster: `make bench`."""
