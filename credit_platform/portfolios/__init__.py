"""What a book is, and one folder per book. Pure."""
