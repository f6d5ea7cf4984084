"""What is known about an applicant when an application is scored, and how each feature is made."""
