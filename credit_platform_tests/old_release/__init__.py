"""What the release before the restructuring wrote, and that the platform of today goes on from it."""
