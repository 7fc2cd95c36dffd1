"""The networks' door, from outside."""
