"""The Vonage Video API: one request from the middleware to its handler."""
