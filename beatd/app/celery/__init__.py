"""Existing Celery projects as a source; celery itself is imported only in the process apart that reads them."""
