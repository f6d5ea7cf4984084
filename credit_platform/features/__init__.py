"""What is known about a loan at application: attributes, financials, clickstream, the feature store. Pure."""
