"""The loan book: sources, features, outcome, generator, policy files. Pure."""
