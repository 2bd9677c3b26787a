"""The sockets in the wall: what the outside must be able to do; no bodies."""
