"""What goes on while nobody asks: due transitions, moving clocks, waking those who wait."""
