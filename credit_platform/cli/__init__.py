"""The command line, credit-platform."""
