"""Steps in order: first this, then that."""
