"""What was measured: series, store, chart queries, export."""
