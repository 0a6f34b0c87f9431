"""What `./pride bench` runs: the service beside bare references, in one interleaved run (docs/performance.md)."""
