"""Tests of facades."""
