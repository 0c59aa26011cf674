"""Starting the emulator as a process of its own, and what its clients need in their environment."""
