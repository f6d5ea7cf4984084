"""What the process does with memory that it no longer needs.

How much a step needs at once belongs to the step: see `lake.tables.row_counts` and `lake.raw.raw_file`.
"""

import os

# Of Polars' allocator. As shipped it keeps freed pages until the system runs short, so that the largest step of a run
# counts as taken in all later ones.
_ALLOCATOR = "background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0"


def give_back_early() -> None:
    """Let freed memory go back to the system within a second. It takes effect where Polars is not loaded yet."""
    os.putenv("_RJEM_MALLOC_CONF", _ALLOCATOR)  # written and never read: os.environ is for settings alone
