"""The generator of a loan book with a known default process. Pure."""
