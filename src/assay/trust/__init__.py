"""A claim becomes evidence, or is refused with the reason."""
