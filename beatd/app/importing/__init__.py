"""Other schedulers' definitions as fields of entries, with all that is not carried over and why."""
