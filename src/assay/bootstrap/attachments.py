"""Everything attached to an image: listed, diagnosed, pruned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS, clock, host
from assay.bootstrap.verification import Search, Trusted, beside, trust_of, type_names
from assay.model.errors import UsageError
from assay.model.image import Subject

if TYPE_CHECKING:
    from assay.bootstrap.verification import Beside
    from assay.flows.doctor import Diagnosis
    from assay.flows.inspect import Tree
    from assay.flows.prune import Plan
    from assay.settings import Settings


def inspect_image(text: str, told: Trusted, search: Search, settings: Settings) -> tuple[Tree, ...]:
    """What is attached to an image, judged by whom one trusts, if by anybody."""
    from assay.flows.attached import Place
    from assay.flows.inspect import Judge, inspect

    by, types = None, type_names(search.types)
    if told:
        trust = trust_of(told)
        by = Judge(roots=trust.roots, expected=trust.expected, now=clock().now())
    with _opened(text, search, settings) as (subjects, store):
        return inspect(Place(store, store), subjects, by, types=types, limits=LIMITS)


def doctor_image(text: str, search: Search, settings: Settings) -> tuple[Diagnosis, ...]:
    """Which programs find what is attached to an image."""
    from assay.flows.attached import Place
    from assay.flows.doctor import diagnose

    types = type_names(search.types)
    with _opened(text, search, settings) as (subjects, store):
        return tuple(diagnose(Place(store, store), subject, types=types, limits=LIMITS) for subject in subjects)


def prune_image(
    text: str, told: Trusted, search: Search, settings: Settings, *, keep: int, delete: bool
) -> tuple[Plan, ...]:
    """Plan what evidence goes, and take it away if told to; every subject is planned before anything is touched.

    Raises:
        UsageError: nobody is trusted, so that nothing is surely ours.
    """
    from assay.flows.prune import carry_out, plan

    if not told:
        raise UsageError(
            "whose evidence?", why="no key, no identity, no profile",
            remedy="give --key FILE, or --certificate-identity with --certificate-oidc-issuer: only theirs is touched",
        )  # fmt: skip
    trust, now, types = trust_of(told), clock().now(), type_names(search.types)
    with _opened(text, search, settings) as (subjects, store):
        plans = tuple(
            plan(store, s.digest, trust.roots, trust.expected, now, keep=keep, types=types, limits=LIMITS)
            for s in subjects
            if s.digest is not None
        )
        if delete:
            for made in plans:
                carry_out(made, store)
        return plans


@contextmanager
def _opened(text: str, search: Search, settings: Settings) -> Iterator[tuple[tuple[Subject, ...], Beside]]:
    """The subjects a target names, and the place their evidence lies at."""
    from assay.flows.subjects import briefly

    with beside(text, search, settings) as (_, source, store):
        subjects = briefly(source, platform=search.platform, host=host(), everything=search.everything, limits=LIMITS)
        yield subjects, store
