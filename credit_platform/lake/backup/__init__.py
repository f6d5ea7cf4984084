"""A backup as files with their hashes, and one set of files put in the place of another."""
