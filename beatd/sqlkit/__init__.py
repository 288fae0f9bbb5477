"""What the SQL store, broker and results share."""
