"""A million rows of a table that anybody may edit: starting, idling, a herd, edits, and a scheduler that is killed."""
