"""Generated books compared with real ones, and drift scenarios with their verdicts."""
