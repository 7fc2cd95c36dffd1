"""The front hall: what everybody who signs in shares, before any other room."""
