"""The service over HTTP, of the extra `serve`: requests in, logged decisions out; imported by its verb alone."""
