"""Evidence is weighed into a verdict."""
