"""The worker: a supervisor and the children that run tasks."""
