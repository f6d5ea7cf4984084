"""A platform for a lender's monthly cycle as a Dagster asset graph."""

import os

import credit_platform.previous_release  # noqa: F401 - makes the module names of the previous release importable

# For Polars' allocator, read when Polars is loaded. As shipped it keeps freed pages until the system runs short,
# so that the largest step of a run counts as taken in all later ones.
os.putenv("_RJEM_MALLOC_CONF", "background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0")
