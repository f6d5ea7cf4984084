"""Orders paid later, as a portfolio of your own: begin to edit in `portfolio.py`, which names every other part."""
