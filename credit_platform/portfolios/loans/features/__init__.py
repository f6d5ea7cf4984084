"""What is known about a loan at application, and how each feature is made."""
