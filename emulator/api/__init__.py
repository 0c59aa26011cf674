"""The operations' handlers, a module for each area; each has a table `HANDLERS` by operation."""
