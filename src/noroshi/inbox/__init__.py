"""What came in: connections and the journal of uplinks."""
