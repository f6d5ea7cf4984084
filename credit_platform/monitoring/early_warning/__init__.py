"""What is known of a cohort before its outcome."""
