"""Which targets are wanted, and with which arguments."""
