"""Commands that edit entries where they are."""
