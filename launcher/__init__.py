"""What `./pride` does: builds, starts, watches and stops the parts of an installation on one machine."""
