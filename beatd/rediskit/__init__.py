"""What the drivers of Redis share: connections, scripts, keys, errors."""
