"""Files: Parquet tables, raw sources, the DuckDB catalog, the model store, the audit log."""
