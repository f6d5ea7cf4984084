"""The platform from Python, under the class names of the source document on continuous learning."""
