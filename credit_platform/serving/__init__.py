"""Applications as they are handed in, scored as the pipeline scores them: in a file, or one by one over HTTP."""
