"""The pages of the provider's office, one noun a file."""
