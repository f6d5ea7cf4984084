"""Assets and functions that write pages and charts."""
