"""The append-only logs: audit, promotions, retrainings, alerts."""
