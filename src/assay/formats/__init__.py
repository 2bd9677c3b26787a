"""Bytes to nouns and back: pure, bounded, one exception type."""
