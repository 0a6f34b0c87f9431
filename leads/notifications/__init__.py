"""Messages to users about leads, and codes in their replies."""
