"""The world: applications, resources, life cycles, clock, journal. Knows no HTTP."""
