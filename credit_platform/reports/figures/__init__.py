"""Plotly and SVG figures shared by several pages."""
