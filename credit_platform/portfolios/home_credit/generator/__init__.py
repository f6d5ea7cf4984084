"""The generator of a Home-Credit-like book with a known default process. Pure."""
