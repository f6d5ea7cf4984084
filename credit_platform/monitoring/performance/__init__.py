"""What a version does at scoring and once outcomes are known."""
