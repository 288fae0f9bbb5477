"""beatd's worker beside those of Celery, Dramatiq and Huey, on one Redis, with two children each."""
