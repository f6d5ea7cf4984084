"""Hard campaigns: processes killed at random moments, and many at once on one data folder."""
