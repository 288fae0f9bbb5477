"""What wraps a task's run, one concern a file."""
