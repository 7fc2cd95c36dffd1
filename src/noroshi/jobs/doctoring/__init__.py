"""What `noroshi doctor` looks at, and how it judges."""
