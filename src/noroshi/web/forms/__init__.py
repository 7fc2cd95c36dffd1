"""What people may type, and what is said when it cannot be used."""
