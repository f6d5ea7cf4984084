"""From findings to the action of a month."""
