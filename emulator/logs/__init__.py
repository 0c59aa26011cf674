"""The log: how its lines look, who writes them, and the line of each call."""
