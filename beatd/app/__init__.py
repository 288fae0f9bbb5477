"""What users import to declare tasks and schedules, call tasks, and read their results."""
