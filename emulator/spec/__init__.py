"""What the service is: operations, bodies, statuses, errors, and how resources look on the wire."""
