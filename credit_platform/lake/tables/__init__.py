"""Monthly Parquet tables, their versions and the DuckDB views over them."""
