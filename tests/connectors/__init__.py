"""Real audio connectors: the parts by themselves, and whole ones against servers."""
