"""The listener: fetches uplinks from brokers and keeps them as the gate does."""
