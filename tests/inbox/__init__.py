"""The journal in both its forms, and how long it is kept."""
