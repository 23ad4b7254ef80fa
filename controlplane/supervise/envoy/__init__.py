"""The Envoy that is run: its binary, its admin interface, its drain."""
