"""Several VEX documents as one: each thing said once, by the time it was said.

Idempotent and free of order: merging what was merged, in whatever steps, gives the same. Nothing is decided here: two
who disagree both stay, and `dependencies.vex` weighs them when they meet a finding.
"""

from collections.abc import Iterable

import msgspec

from assay.model.vex import VexProduct, VexStatement

AUTHOR = "author"
"""Name of the word that keeps the first author of a statement somebody else's document carries."""


def merge(statements: Iterable[VexStatement], author: str = "") -> tuple[VexStatement, ...]:
    """Statements in one canonical order, those that differ in their products alone joined.

    Args:
        statements: of any documents; which document they stood in is forgotten.
        author: who publishes the result; "" keeps each statement's own.
    """
    inside: dict[VexStatement, dict[tuple[str, ...], list[set[str]]]] = {}
    for statement in statements:
        products = inside.setdefault(_bare(statement, author), {})
        for product in statement.products:
            # What is said of a whole product and what is said of parts of it are two things.
            sets = products.setdefault(product.identifiers, [set(), set()])
            sets[bool(product.subcomponents)].update(product.subcomponents or ("",))
    return tuple(sorted((_with(said, found) for said, found in inside.items()), key=order))


def order(said: VexStatement) -> tuple[str, str, str]:
    """By vulnerability, then time, then everything else."""
    return (said.vulnerability, said.timestamp, repr(said))


def _bare(said: VexStatement, author: str) -> VexStatement:
    """Without products and document; the first author is kept as a word where another publishes it."""
    words = set(said.words)
    if author and said.author and said.author != author and AUTHOR not in dict(said.words):
        words.add((AUTHOR, said.author))
    return msgspec.structs.replace(
        said,
        products=(),
        document="",
        digest="",
        author=author or said.author,
        aliases=tuple(sorted(set(said.aliases) - {said.vulnerability})),
        words=tuple(sorted(words)),
        evidence=tuple(sorted(set(said.evidence))),
    )


def _with(said: VexStatement, found: dict[tuple[str, ...], list[set[str]]]) -> VexStatement:
    products = []
    for identifiers, (whole, parts) in sorted(found.items()):
        if whole:
            products.append(VexProduct(identifiers))
        if parts:
            products.append(VexProduct(identifiers, tuple(sorted(parts))))
    return msgspec.structs.replace(said, products=tuple(products))
