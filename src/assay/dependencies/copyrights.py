"""Debian copyright files to a licence: declared where the file is machine-readable, else concluded from its words.

Machine-readable debian/copyright, format 1.0 (DEP-5); Debian Policy 12.5 for the rest. What DEP-5 names and SPDX does
not list is concluded from the text the file gives under that name; a name whose text fits nothing becomes a
`LicenseRef-`, so that the licences beside it are not lost.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from assay.dependencies.licence_expressions import NAME_CHARACTERS, expression_of
from assay.dependencies.licence_phrases import PUBLIC_DOMAIN
from assay.dependencies.licence_texts import ANY_VERSION, conclude
from assay.dependencies.licences import is_silent, is_statement, join, licence, names_of
from assay.model.inventory import Licence

NAMES = "names"
_FREE_FORM = "the copyright file is not machine-readable (DEP-5)"
_NAMES_COUNT, _REFERENCE_CHARACTERS = 200, 60
_PARAGRAPH = re.compile(rb"\nlicense:[ \t]*([^\n]*)((?:\n[ \t][^\n]*)*+)", re.IGNORECASE)
"""A `License` field: its short name and the text under it. Beginning with a fixed letter, it is found at once."""
_OPERATOR = re.compile(r"(,?\s+(?:and/or|and|or)\s+|[()])", re.IGNORECASE)
_WITH = re.compile(r"\s+(?:with|plus)\s+", re.IGNORECASE)


def from_copyright(data: bytes, path: str, limit: int) -> Licence:
    """The licence a copyright file states.

    Args:
        data: the file.
        path: where it lies in the image: the evidence of a conclusion.
        limit: bytes of text that are read for a conclusion; a longer file says so in the reason.

    Returns:
        Declared names and expression for DEP-5; a conclusion where that gives no expression.
    """
    found = _read(data, limit)
    return msgspec.structs.replace(found, evidence=path) if found.concluded else found


@lru_cache(maxsize=64)  # the packages of one source all have its copyright file
def _read(data: bytes, limit: int) -> Licence:
    names = names_of(data)
    declared = Licence(reason=_FREE_FORM) if names is None else licence(names, "copyright")
    if declared.expression:
        return declared
    if len(data) > limit:
        return msgspec.structs.replace(declared, reason=f"{declared.reason}; {len(data)} bytes, limit {limit}")
    expression = _of_names(names, _texts(data)) if names else ""
    if expression:
        return msgspec.structs.replace(declared, concluded=expression, confidence="weak", method=NAMES)
    return with_conclusion(declared, data, "")


def with_conclusion(declared: Licence, text: bytes, path: str) -> Licence:
    """A licence with what its text lets one conclude, if anything; `path` is where the text lies."""
    found = conclude(text)
    if not found.expression:
        return declared
    return msgspec.structs.replace(
        declared, concluded=found.expression, confidence=found.confidence, method=found.method, evidence=path
    )


def _texts(data: bytes) -> dict[str, bytes]:
    """Short name (folded) → the longest text the file gives under it."""
    texts: dict[str, bytes] = {}
    for match in _PARAGRAPH.finditer(b"\n" + data):
        name = _decoded(match[1]).lower()
        if len(match[2]) > len(texts.get(name, b"")):
            texts[name] = match[2]
    return texts


def _of_names(names: Iterable[str], texts: dict[str, bytes]) -> str:
    """All names together; public domain adds nothing to others."""
    listed = sorted({name for name in names if not is_silent(name)})
    if len(listed) > _NAMES_COUNT:
        return ""
    known: dict[str, str] = {}
    found = {_synopsis(name, texts, known) for name in listed} - {""}
    licences = found - {PUBLIC_DOMAIN}
    return join(sorted(licences or found)) if found else ""


def _synopsis(name: str, texts: dict[str, bytes], known: dict[str, str]) -> str:
    """One synopsis, `A or B, and C`, with every name in SPDX's words."""
    whole = expression_of(name)
    if whole:
        return whole
    if name.lower() in texts and not _OPERATOR.search(name):
        return _atom(name, texts[name.lower()])
    parts = _OPERATOR.split(name)
    atoms = [part for part in parts[::2] if part.strip(" ,")]
    for atom in atoms:
        bare = atom.strip(" ,")
        if bare not in known:
            known[bare] = _atom(bare, texts.get(bare.lower(), b""))
    found = {known[atom.strip(" ,")] for atom in atoms} - {""}
    if len(found) < 2:
        return next(iter(found), "")
    words = [
        part.lower().replace("and/or", "or") if at % 2 else _grouped(known.get(part.strip(" ,"), ""))
        for at, part in enumerate(parts)
    ]
    return expression_of("".join(words)) or join(sorted(found))


def _grouped(expression: str) -> str:
    return f"({expression})" if " AND " in expression or " OR " in expression else expression


def _atom(name: str, text: bytes) -> str:
    """One name: as SPDX or a known spelling has it, without an exception SPDX does not list, by its text, or made up.

    Without its exception a licence asks for more than it does: the reading that forgets no duty.
    """
    if is_statement(name) or name.lower().startswith(("public-domain", "public domain")):
        return PUBLIC_DOMAIN
    if not name or is_silent(name):
        return ""
    plain = expression_of(name) or ANY_VERSION.get(name.lower(), "")
    if plain:
        return plain
    base = _WITH.split(name, 1)[0]
    if base != name and expression_of(base):
        return expression_of(base)
    found = conclude(text).expression
    if found and found != PUBLIC_DOMAIN:
        return found
    word = re.sub("[^A-Za-z0-9.-]+", "-", name[:_REFERENCE_CHARACTERS]).strip("-.")
    return f"LicenseRef-{word}" if word else ""


def _decoded(name: bytes) -> str:
    return name.strip().decode("utf-8", "replace")[:NAME_CHARACTERS]
