"""The algorithms: fitting, log-odds and their additive parts."""
