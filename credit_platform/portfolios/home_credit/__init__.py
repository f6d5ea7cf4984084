"""Home Credit applications: sources, features, outcome, generator, policy files. Pure."""
