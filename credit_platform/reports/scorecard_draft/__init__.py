"""The page of a drafted scorecard."""
