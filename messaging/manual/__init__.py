"""What one person says to another: not on schedule, and not to one of our own users."""
