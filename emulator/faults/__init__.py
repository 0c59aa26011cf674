"""Failures on demand, as callers see them: the rules of `scenarios` carried out on requests and responses."""
