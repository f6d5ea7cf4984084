"""Every way in which a delivery may be spoilt, and what the platform makes of it."""
