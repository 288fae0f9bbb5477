"""Settings: read, merged, typed."""
