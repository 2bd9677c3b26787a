"""The nouns: values several rooms speak of; no file format, no I/O."""
