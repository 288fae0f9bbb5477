"""Tables of entries: a reader for each, in a thread of its own, and what the scheduler does with what they read."""
