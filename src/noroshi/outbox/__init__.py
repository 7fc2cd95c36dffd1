"""What leaves: messages, their delivery ledger, the sender."""
