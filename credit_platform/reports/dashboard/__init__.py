"""The monitoring dashboard, the page of a month, the data-quality page."""
