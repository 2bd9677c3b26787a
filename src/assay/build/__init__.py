"""From a declared spec to an image that others can rebuild: what goes in, how it is put together, what the proof is."""
