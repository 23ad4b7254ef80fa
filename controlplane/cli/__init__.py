"""What one types: `archgw COMMAND`, one module for each command."""
