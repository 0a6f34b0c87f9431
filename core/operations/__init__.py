"""What the operator looks after while the service runs: due work that failed, and its retry."""
