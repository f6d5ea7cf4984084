"""From feature store rows to the design matrix of an estimator."""
