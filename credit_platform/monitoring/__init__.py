"""Performance with intervals, stability, the action decision. Pure."""
