"""The quarantine tables: rows that no written rule could repair, one table per silver table, all of one shape.

The rules that send a row here stand with each table's cleaning in lending and features.
"""

import dataframely as dy

from credit_platform.schemas.personal_data import PII


class Quarantine(dy.Schema):
    """One row per source row that was kept out of silver, with the rule it broke and its text as it came."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")
    rule = dy.String(min_length=1, description="Name of the first rule the row broke")
    reason = dy.String(min_length=1, description="The culprit column and what is wrong with it")
    raw_text = dy.String(
        min_length=2, metadata=PII, description="The row's source cells as JSON text, untouched; may name a person"
    )
