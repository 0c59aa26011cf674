"""A small service that records calls and keeps the recordings."""
