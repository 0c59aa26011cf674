"""Applications: making them, their keys, snapshots and checkpoints."""
