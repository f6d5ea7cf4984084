"""Dagster asset checks, made from schemas and policies."""
