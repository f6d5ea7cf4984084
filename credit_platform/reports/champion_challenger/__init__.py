"""The page that holds every challenger against the champion."""
