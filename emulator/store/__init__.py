"""Stores: what keeps the world beyond the process. The world itself is in memory; a store mirrors it."""
