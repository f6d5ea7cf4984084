"""Plotly figures, the pages made of them, and written reports. Pure: text out, no files."""
