"""Numbers people may change: model configuration and monitoring thresholds, validated on load."""
