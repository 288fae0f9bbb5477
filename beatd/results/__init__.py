"""Where outcomes rest."""
