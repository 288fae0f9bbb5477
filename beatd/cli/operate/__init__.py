"""What an operator types: to look back, to make good, to repair."""
