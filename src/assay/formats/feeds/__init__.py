"""One file a feed form: bytes of a feed to values; bad entries are reported, not repaired."""
