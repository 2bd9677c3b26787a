"""Referrers of one subject in a registry: the referrers API, or the index at the fallback tag.

OCI distribution-spec 1.1, "Listing Referrers", "Pushing Manifests with Subject", "Referrers Tag Schema". An answer that
is neither a list nor a plain "there is no such API" is an error: nobody knows, which is not "none".
"""

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import urljoin

from assay.adapters.http import Answer
from assay.adapters.http_errors import clean
from assay.adapters.registry_client import RegistryClient
from assay.adapters.registry_errors import failure
from assay.artifact import referrers as form
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError
from assay.model.image import Descriptor

_STALLS_COUNT = 3
"""So often a list is read anew because making the next one took too long; then the machine is simply slow."""
_NO_API = frozenset({400, 404, 406})
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[A-Za-z]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)', re.ASCII)
_NEXT = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next)(?=\s*(?:;|$))', re.ASCII | re.IGNORECASE)


def list_referrers(client: RegistryClient, subject: Digest) -> tuple[Descriptor, ...]:
    """Descriptors of all referrers, each once, in the registry's order.

    Raises:
        MalformedError: a list that is none, or longer than the limit.
        UnavailableError: the registry does not say.
    """
    first = client.referrers(subject)
    if first.status in _NO_API or (first.status == 200 and not _is_index(first)):
        return _at_tag(client, subject)
    if first.status != 200:
        raise failure(first, "the registry does not say what evidence there is")
    found: dict[str, Descriptor] = {}
    for page in _pages(client, first):
        if page.headers.get("oci-filters-applied", "").strip():
            # distribution-spec 1.1, "Listing Referrers": only a filter that was asked for is applied, and none was.
            raise UnavailableError(
                "the list of referrers is not whole", where=clean(page.url), why="the registry filtered it unasked",
                remedy="ask the registry's operator",
            )  # fmt: skip
        for descriptor in form.parse_index(page.body, where=clean(page.url), limits=client.limits):
            found.setdefault(str(descriptor.digest), descriptor)
        if len(found) > client.limits.referrers_count:
            raise _endless(page, f"more than {client.limits.referrers_count} referrers")
    return tuple(found.values())


def add_to_tag(client: RegistryClient, subject: Digest, descriptor: Descriptor) -> None:
    """List a referrer in the index at the fallback tag, keeping what others list there at the same time.

    Where the registry gives an `ETag`, the write is conditional. Registries that ignore conditions are helped by
    looking again after a pause longer than a writer's time between reading and writing: whoever was overwritten
    sees it and merges once more.

    Raises:
        MalformedError: something else than an index lies at the tag; it is not overwritten.
        UnavailableError: others keep changing it, or the registry refuses.
    """
    where = f"{client.name}:{form.fallback_tag(subject)}"

    def merged(before: bytes | None) -> bytes | None:
        return form.merge_index(before, descriptor, where=where, limits=client.limits)

    change_tag(client, form.fallback_tag(subject), merged, oci.OCI_INDEX)


def remove_from_tag(client: RegistryClient, subject: Digest, manifest: Digest) -> None:
    """Take a referrer out of the index at the fallback tag, if there is one; all others stay, also under a race.

    Raises:
        MalformedError: something else than an index lies at the tag; it is not changed.
        UnavailableError: others keep changing it, or the registry refuses.
    """
    where = f"{client.name}:{form.fallback_tag(subject)}"

    def without(before: bytes | None) -> bytes | None:
        return None if before is None else form.without(before, manifest, where=where, limits=client.limits)

    change_tag(client, form.fallback_tag(subject), without, oci.OCI_INDEX)


def change_tag(
    client: RegistryClient, tag: str, change: Callable[[bytes | None], bytes | None], media_type: str
) -> None:
    """Read the manifest at a tag, change, write, look again, until a look finds nothing to change.

    Args:
        client: the repository.
        tag: the tag.
        change: makes the new manifest of the present one; the same bytes or None for no change. Asked again and again,
            so that what others add meanwhile stays.
        media_type: of the manifest.

    Raises:
        UnavailableError: others keep changing it, or the registry refuses.
    """
    settle, slowest, stalls = client.limits.referrers_settle_seconds, 0.0, 0
    began = time.monotonic()
    current = client.manifest(tag)
    for _ in range(client.limits.referrers_rounds_count):
        before = current.body if current else None
        changed = change(before)
        if changed is None or changed == before:
            return
        if settle and time.monotonic() - began > settle and stalls < _STALLS_COUNT:
            # Whoever came between has stopped looking by now: what was read is too old to write over.
            stalls, began = stalls + 1, time.monotonic()
            current = client.manifest(tag)
            continue
        etag = current.headers.get("etag", "") if current else ""
        condition = {"If-None-Match": "*"} if current is None else ({"If-Match": etag} if etag else {})
        if client.put_manifest(tag, changed, media_type, condition) is not None:
            # Another writer's step from reading to writing takes about as long as our own: leave room for two of it.
            slowest = max(slowest, time.monotonic() - began)
            client.http.sleep(max(settle, 2 * slowest))
        began = time.monotonic()
        current = client.manifest(tag)
    raise UnavailableError(
        "cannot list the evidence",
        where=f"{client.name}:{tag}",
        why=f"others changed the list {client.limits.referrers_rounds_count} times meanwhile",
        remedy="try again; the evidence itself is stored, attaching it again only lists it",
    )


def _at_tag(client: RegistryClient, subject: Digest) -> tuple[Descriptor, ...]:
    answer = client.manifest(form.fallback_tag(subject))
    if answer is None:
        return ()
    return form.parse_index(answer.body, where=f"{client.name}:{form.fallback_tag(subject)}", limits=client.limits)


def _pages(client: RegistryClient, page: Answer) -> Iterator[Answer]:
    """This page and those its `Link` leads to (RFC 8288), all at the registry itself."""
    seen = {page.url}
    yield page
    while (target := _next(page)) is not None:
        if not client.same_origin(target):
            raise UnavailableError(
                "the list of referrers continues elsewhere",
                where=clean(page.url),
                why=clean(target),
                remedy="ask the registry's operator",
            )
        if target in seen or len(seen) > client.limits.referrers_count:
            raise _endless(page, "its pages lead in a circle")
        seen.add(target)
        page = client.referrers(Digest.of(b""), target)
        if page.status != 200:
            raise failure(page, "the registry does not give all referrers")
        yield page


def _next(page: Answer) -> str | None:
    for match in _LINK.finditer(page.headers.get("link", "")[:8_192]):
        if _NEXT.search(match[2]):
            return urljoin(page.url, str(match[1]))
    return None


def _is_index(answer: Answer) -> bool:
    """Whether a 200 comes from the API: a registry without it may answer any path with a page of its own."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == oci.OCI_INDEX


def _endless(page: Answer, why: str) -> MalformedError:
    return MalformedError(
        "cannot read the list of referrers", where=clean(page.url), why=why, remedy="ask the registry's operator"
    )
