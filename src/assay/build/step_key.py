"""What a step's result follows from, as one digest."""

import hashlib
from collections.abc import Mapping

from assay.formats import strictjson


def digest_of(text: str) -> str:
    """`sha256:…` of a step's text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def cache_key(
    *, command: str, root: str, inputs: Mapping[str, str], environment: Mapping[str, str], isolation: str, filter_: str
) -> str:
    """What a step's result follows from, as one digest; results of two isolation levels never have one key.

    Args:
        command: digest of the step's text.
        root: digest of its root's canonical tar.
        inputs: name to digest, as the step saw them.
        environment: all variables.
        isolation: level.
        filter_: digest of the system call filter.
    """
    parts = [command, root, dict(inputs), dict(environment), isolation, filter_]
    return f"sha256:{hashlib.sha256(strictjson.canonical(parts)).hexdigest()}"
