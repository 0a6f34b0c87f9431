"""The sandbox: a carrier, a mailbox and a clock to try the service with. Installed only with SANDBOX=1."""
