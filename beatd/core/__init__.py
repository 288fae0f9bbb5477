"""What flows through the system: pure values and decisions, no I/O."""
