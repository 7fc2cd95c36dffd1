"""Promises that cross rooms, as a sceptic would try them."""
