"""Hosted endpoints in virtual time: black boxes with a latency, noise, rate limits and cold starts."""
