"""What crosses the wire: requests, answers, streams, headers and metrics of the providers, read into our records."""
