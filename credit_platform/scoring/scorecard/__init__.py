"""The scorecard: points, document, SQL and expression forms."""
