"""Why a loan has its score."""
