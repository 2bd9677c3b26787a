"""Which program finds which form of evidence beside an image: a dated table, and what follows from it.

Read from the programs' own sources and documentation at the versions named; a program of another version may differ.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

AS_OF = "2026-11"
"""When the table was last compared with the programs."""

Sort = Literal["bundle-key", "bundle-certificate", "older-tag", "older-referrer"]
"""A Sigstore bundle as a referrer, by a managed key or a certificate; cosign's older form at a tag or as a referrer."""
BUNDLES: tuple[Sort, ...] = ("bundle-key", "bundle-certificate")

WORDS: dict[Sort, str] = {
    "bundle-key": "bundles by key",
    "bundle-certificate": "bundles by certificate",
    "older-tag": "older tags",
    "older-referrer": "older referrers",
}


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """One program, and what it looks for."""

    name: str
    signatures: tuple[Sort, ...]
    attestations: tuple[Sort, ...]
    note: str = ""


class Present(msgspec.Struct, frozen=True):
    """One thing that is attached: what it is, and in which form."""

    what: Literal["signature", "attestation"]
    sort: Sort


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one program finds; counts of 0 mean that it finds nothing, whatever else is there."""

    consumer: Consumer
    signatures_count: int
    attestations_count: int
    remedy: str = ""


TABLE: tuple[Consumer, ...] = (
    Consumer(
        name="assay", signatures=(*BUNDLES, "older-tag", "older-referrer"),
        attestations=(*BUNDLES, "older-tag", "older-referrer"), note="older forms only with --legacy cosign-v2",
    ),
    Consumer(
        name="cosign 3", signatures=(*BUNDLES, "older-tag"), attestations=(*BUNDLES, "older-tag"),
        note="bundles first, then tags",
    ),
    Consumer(
        name="cosign 2.4-2.6", signatures=("older-tag",), attestations=("older-tag",),
        note="bundles of attestations only with --new-bundle-format",
    ),
    Consumer(
        name="policy-controller 0.15", signatures=("older-tag", "bundle-certificate"),
        attestations=("older-tag", "bundle-certificate"), note="bundles only keyless",
    ),
    Consumer(name="Kyverno, type Cosign", signatures=("older-tag",), attestations=("older-tag",)),
    Consumer(name="Kyverno, type SigstoreBundle", signatures=BUNDLES, attestations=BUNDLES),
    Consumer(name="zot, trust view", signatures=("older-tag",), attestations=()),
)  # fmt: skip
"""Tekton Chains reads none of these; it writes attestations at older tags."""

COMPAT = "write the older form too: --compat cosign-v2"
_BUNDLE = "sign again with Assay or cosign 3, which write bundles"


def readings(present: Iterable[Present]) -> tuple[Reading, ...]:
    """What each program of the table finds of what is there, in the table's order."""
    there = tuple(present)
    return tuple(_reading(consumer, there) for consumer in TABLE)


def _reading(consumer: Consumer, there: tuple[Present, ...]) -> Reading:
    signatures = sum(one.what == "signature" and one.sort in consumer.signatures for one in there)
    attestations = sum(one.what == "attestation" and one.sort in consumer.attestations for one in there)
    lost = any(one.what == "signature" for one in there) and not signatures and consumer.signatures
    lost = lost or (any(one.what == "attestation" for one in there) and not attestations and consumer.attestations)
    reads_tags = "older-tag" in (*consumer.signatures, *consumer.attestations)
    return Reading(
        consumer=consumer,
        signatures_count=signatures,
        attestations_count=attestations,
        remedy=(COMPAT if reads_tags else _BUNDLE) if lost else "",
    )
