"""The life of a version: gates, promotion, comparison with the version in force."""
