"""What the office types, checked field by field."""
