"""Generated books held against real ones, and drift scenarios with their verdicts."""
