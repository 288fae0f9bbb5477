"""The application, imported once: a process that children are forked from, and what the supervisor has of it."""
