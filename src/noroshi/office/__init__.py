"""The provider's door: pages a noun a file."""
