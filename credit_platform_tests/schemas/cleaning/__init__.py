"""Tests of schemas.cleaning."""
