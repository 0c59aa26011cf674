"""Resources beyond what the service tells of them: all there are, what may follow, and states that are forced."""
