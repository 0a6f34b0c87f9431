"""The sandbox: a carrier, a mailbox and a clock to try the service with (design 9). Installed only with SANDBOX=1."""
