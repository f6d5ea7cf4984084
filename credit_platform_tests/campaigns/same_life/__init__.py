"""Two lives of one book, held against each other: what differs, and what of it was declared beforehand."""
