"""The four sources of the loan book: their bronze and silver schemas and how each is cleaned."""
