"""What touches the world; no decisions. Only `bootstrap` imports from here."""
