"""The HTTP face: routes, bodies read into requests, errors into answers."""
