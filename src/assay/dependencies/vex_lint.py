"""What is wrong with VEX statements, said while they can still be mended: one small function a check, one table."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from assay.dependencies.vers_range import is_comparable
from assay.dependencies.vex_match import REPOSITORY, parsed
from assay.dependencies.vex_review import AGAIN, instant, is_expired
from assay.formats import wire
from assay.formats.vex_words import profile_problem
from assay.model.vex import VexStatement

_DIGEST = re.compile(r"sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})")
_IMAGES = ("oci", "docker")
_PLATFORM = frozenset({"arch", "os", "platform", "variant"})
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*-[A-Za-z0-9._:-]+")
_LISTED_COUNT = 1_000


class Flaw(msgspec.Struct, frozen=True, order=True):
    """One thing to mend; a `note` may be meant so."""

    place: str
    code: str
    says: str
    severity: str = "error"


Check = Callable[[VexStatement, str], Iterator[tuple[str, str, str]]]
"""(statement, now) to (code, severity, text)."""


def lint(statements: Sequence[VexStatement], *, now: str, place: Callable[[int], str]) -> tuple[Flaw, ...]:
    """Every flaw of the statements, in their order; a check names at most 1,000.

    Args:
        statements: as read.
        now: RFC 3339 time.
        place: the JSON path of the n-th statement (from 0).
    """
    found: list[Flaw] = []
    counts: dict[str, int] = {}
    for number, said in enumerate(statements):
        for check in CHECKS:
            for code, severity, says in check(said, now):
                counts[code] = counts.get(code, 0) + 1
                if counts[code] <= _LISTED_COUNT:
                    found.append(Flaw(place(number), code, says, severity))
    found += _contradictions(statements, place)
    more = {code: count - _LISTED_COUNT for code, count in counts.items() if count > _LISTED_COUNT}
    return (*found, *(Flaw("", code, f"{count} more", "note") for code, count in more.items()))


def _profile(said: VexStatement, _: str) -> Iterator[tuple[str, str, str]]:
    why = profile_problem(said)
    if why:
        yield "profile", "error", why


def _products(said: VexStatement, _: str) -> Iterator[tuple[str, str, str]]:
    for product in said.products:
        reasons = [_never(text, image=True) for text in product.identifiers]
        if all(reasons):
            why = "; ".join(reasons) or "it has no identifier"
            yield "never-matches", "error", f"the product can never match: {why[:400]}"
        parts = [_never(text, image=False) for text in product.subcomponents]
        if parts and all(parts):
            yield "never-matches", "error", f"the subcomponents can never match: {'; '.join(parts)[:400]}"


def _never(text: str, *, image: bool) -> str:
    """Why an identifier can never name anything, or empty."""
    shown = f"{text[:120]!a}"
    if text.startswith("pkg:"):
        purl = parsed(text)
        if purl is None:
            return f"{shown} is no package URL"
        if purl.type in _IMAGES:
            return _never_image(purl.version, shown) if image else f"{shown} is an image, no package in one"
        ranges = [value for key, value in purl.qualifiers if key == "vers"]
        if ranges and (purl.version or not is_comparable(ranges[0])):
            return f"{shown} has a version beside its range, or a range nobody can compare"
        return ""
    if text.startswith(REPOSITORY):
        return "" if image else f"{shown} is no package"
    if text.startswith("cpe:"):
        return f"{shown} is a CPE: packages are matched by package URL"
    algorithm, colon, _ = text.partition(":")
    if colon and algorithm in ("sha256", "sha384", "sha512"):
        return "" if _DIGEST.fullmatch(text) else f"{shown} is no whole digest"
    if colon and algorithm in ("sha1", "md5"):
        return f"{shown}: images and packages are named by sha256, sha384 or sha512"
    if not image or "://" in text or text.startswith("urn:") or " " in text or "/" not in text:
        return f"{shown} is neither a package URL, a digest nor an image reference"
    return ""


def _never_image(version: str, shown: str) -> str:
    return f"{shown} has no whole digest" if ":" in version and not _DIGEST.fullmatch(version) else ""


def _digests(said: VexStatement, _: str) -> Iterator[tuple[str, str, str]]:
    for product in said.products:
        digests: set[str] = set()
        platform = False
        for text in product.identifiers:
            purl = parsed(text)
            if purl is not None and purl.type in _IMAGES:
                digests.update([purl.version] if ":" in purl.version else [])
                platform = platform or any(key in _PLATFORM for key, _ in purl.qualifiers)
            elif _DIGEST.fullmatch(text):
                digests.add(text)
        if len(digests) > 1:
            yield "two-digests", "error", f"one product has {len(digests)} digests: index and platform? name each apart"
        elif digests and platform:
            text = "the digest is of one platform: it says nothing of the index and of other platforms"
            yield "platform-digest", "note", text


def _scope(said: VexStatement, _: str) -> Iterator[tuple[str, str, str]]:
    if said.status not in ("not_affected", "fixed"):
        return
    for product in said.products:
        for text in product.identifiers:
            purl = parsed(text)
            loose = purl is not None and purl.type in _IMAGES and ":" not in purl.version
            if (loose or text.startswith(REPOSITORY)) and not product.subcomponents:
                yield "wide", "note", f"{text[:120]!a} means every build, and everything in it"


def _scope_word(said: VexStatement, _: str) -> Iterator[tuple[str, str, str]]:
    """The word for people must not promise less than the identifiers say."""
    if not said.scope:
        return
    for product in said.products:
        reaches: set[str] = set().union(*(_reach(text) for text in product.identifiers))
        if reaches == {"image"} and product.subcomponents:
            reaches = {"image", "component"}
        if reaches and said.scope not in reaches:
            yield "scope", "error", f"the scope is {said.scope}, the product reaches: {' or '.join(sorted(reaches))}"


def _reach(text: str) -> frozenset[str]:
    """How far an identifier may reach, in the words of `VexScope`; none where nobody can tell."""
    if text.startswith(REPOSITORY):
        return frozenset({"family", "organisation"})
    if _DIGEST.fullmatch(text):
        return frozenset({"image"})
    purl = parsed(text)
    if purl is None:
        return frozenset()
    if purl.type in _IMAGES:
        return frozenset({"image" if ":" in purl.version else "family"})
    return frozenset({"component"})


def _times(said: VexStatement, now: str) -> Iterator[tuple[str, str, str]]:
    if said.expires and not wire.is_instant(said.expires):
        yield "expiry", "error", f"{said.expires[:40]!a} is no RFC 3339 time: it counts as over"
    elif is_expired(said, now):
        yield "expired", "error", f"it held until {said.expires}, it counts as under_investigation: {AGAIN}"
    if now and instant(said.timestamp) > instant(now):
        yield "future", "error", f"it was made at {said.timestamp}, which is still to come"


def _names(said: VexStatement, _: str) -> Iterator[tuple[str, str, str]]:
    if not _IDENTIFIER.fullmatch(said.vulnerability):
        yield "vulnerability", "note", f"{said.vulnerability[:80]!a} does not look like an id of a vulnerability"
    if said.justification and said.status != "not_affected":
        yield "justification", "note", f"a justification is of no use with {said.status}"


CHECKS: tuple[Check, ...] = (_profile, _products, _digests, _scope, _scope_word, _times, _names)


def _contradictions(statements: Sequence[VexStatement], place: Callable[[int], str]) -> list[Flaw]:
    """Statements of one author and time that say two things of one product, and those that stand twice."""
    seen: dict[tuple[str, str, str, tuple[str, ...], str], tuple[int, str]] = {}
    found: dict[tuple[int, int], Flaw] = {}
    for number, said in enumerate(statements):
        for product in said.products:
            for part in product.subcomponents or ("",):
                key = (said.vulnerability, said.author, said.timestamp, product.identifiers, part)
                first, status = seen.setdefault(key, (number, said.status))
                if first != number and (first, number) not in found and len(found) < _LISTED_COUNT:
                    what = "repeats" if status == said.status else f"says {said.status} where {status} stands in"
                    code = "repeated" if status == said.status else "contradiction"
                    found[first, number] = Flaw(place(number), code, f"it {what} {place(first)}", _SEVERITY[code])
    return list(found.values())


_SEVERITY: Mapping[str, str] = {"repeated": "note", "contradiction": "error"}
