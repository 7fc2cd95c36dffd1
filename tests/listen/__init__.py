"""The listener, over a real broker."""
