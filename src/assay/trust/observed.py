"""Evidence of what this process has seen itself: beside `verify`, the only maker of `Evidence`; it believes nobody.

A file of its own: a scan decides by nothing else, and need not load the readers of signatures and certificates.
"""

from assay.model.evidence import Check, Evidence, Signer
from assay.model.statement import Statement


def observed(statement: Statement, now: str) -> Evidence:
    """What this very process has just seen with its own eyes: nobody else's word is needed, and nobody else gets it.

    The signer is `self`; rules that ask for signatures do not count it.
    """
    return Evidence(
        statement=statement,
        signer=Signer(kind="self", name="this process"),
        verified_at=now,
        checks=(Check("observed", "pass", "made by this process from bytes it checked"),),
    )
