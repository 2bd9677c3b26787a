"""What speaks to a person or to a client."""
