"""Debian packages as inputs: the signed chain to each of them, and the tree they make. None of their code is run."""
