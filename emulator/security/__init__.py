"""What keeps pages of other sites away: host names, origins, and headers of what is answered."""
