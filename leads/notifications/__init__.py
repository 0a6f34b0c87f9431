"""What members are sent about leads, and how their replies are read."""
