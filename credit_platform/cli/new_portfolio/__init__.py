"""The verb `new-portfolio` and the book that it writes."""
