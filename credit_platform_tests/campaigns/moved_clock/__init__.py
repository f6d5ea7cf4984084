"""A lender whose days pass as a test says: Dagster's own processes and the command line under one moved clock."""
