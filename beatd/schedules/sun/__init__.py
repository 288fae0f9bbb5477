"""What the sun does at a place."""
