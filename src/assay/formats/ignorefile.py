"""Assay's own ignore file (`.assay/ignore.yaml`), read and written.

ignore:
  - id: CVE-2024-0001
    purl: pkg:deb/debian/openssl     # version and qualifiers may be left out
    path: usr/lib/*                  # `*` and `?` stand for any characters, `/` included
    until: 2027-01-31                # required: the last day it counts (UTC)
    reason: not reachable from the network    # required
    by: Jane Doe
"""

import difflib
import json
from collections.abc import Iterable
from datetime import date

from assay.formats import purl as purls
from assay.formats import wire, yamlsubset
from assay.formats.yamlsubset import Node
from assay.model.errors import MalformedError
from assay.model.ignore import IgnoreRule
from assay.model.limits import DEFAULT_LIMITS, Limits

KEYS = ("id", "purl", "path", "until", "reason", "by")
_TEXT_CHARACTERS = 2_000
_REMEDY = "each entry needs until, reason and at least one of id, purl, path"


def read(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> tuple[IgnoreRule, ...]:
    """Read the rules, in their order.

    Args:
        data: bytes of the file.
        name: what it is called, for errors and for `IgnoreRule.where`.
        limits: how long the file may be and how many rules it may hold.

    Raises:
        MalformedError: not YAML (of the subset), an unknown key, no reason, no day, nothing named; with the entry.
    """
    documents = yamlsubset.loads(data, where=name, limit=limits.ignore_file_bytes)
    if not documents:
        return ()
    entries: Node = documents[0]
    if isinstance(entries, dict):
        if unknown := sorted(entries.keys() - {"ignore"}):
            raise _bad(name, f"there is no key {unknown[0][:40]!a} here", "write a list under `ignore:`")
        entries = entries.get("ignore", "") or []
    if len(documents) > 1 or not isinstance(entries, list):
        raise _bad(name, "not a list of rules", "write a list under `ignore:`")
    if len(entries) > limits.ignore_rules_count:
        raise _bad(name, f"{len(entries)} rules, limit {limits.ignore_rules_count}")
    return tuple(_rule(entry, f"{name}, entry {number}") for number, entry in enumerate(entries, 1))


def write(rules: Iterable[IgnoreRule]) -> bytes:
    """The rules as a file that `read` reads back (all but `where`)."""
    lines = ["ignore:"]
    for rule in rules:
        present = [(key, getattr(rule, key)) for key in KEYS if getattr(rule, key)]
        lines += [
            f"{'  - ' if not at else '    '}{key}: {_scalar(key, value)}" for at, (key, value) in enumerate(present)
        ]
    if len(lines) == 1:
        lines = ["ignore: []"]
    return ("\n".join(lines) + "\n").encode()


def day(text: str, where: str) -> str:
    """A calendar day, `YYYY-MM-DD`.

    Raises:
        MalformedError: any other text.
    """
    try:
        if len(text) == 10 and date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise _bad(where, f"{text[:40]!a} is no day", "write it as 2027-01-31")


def is_everywhere(path: str) -> bool:
    """Whether a pattern names no place: nothing in it but wildcards.

    >>> is_everywhere("**/*"), is_everywhere("*.jar")
    (True, False)
    """
    return not path.strip("*?/. ")


def _rule(entry: Node, where: str) -> IgnoreRule:
    if not isinstance(entry, dict):
        raise _bad(where, "not a mapping")
    for key, value in entry.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {near[0]}" if near else f"keys: {', '.join(KEYS)}"
            raise _bad(where, f"there is no key {key[:40]!a}", hint)
        if not isinstance(value, str) or len(value) > _TEXT_CHARACTERS:
            raise _bad(where, f"{key} is no text of at most {_TEXT_CHARACTERS} characters")
    facts = {key: str(value) for key, value in entry.items()}
    if missing := [key for key in ("until", "reason") if not facts.get(key)]:
        raise _bad(where, f"{' and '.join(missing)} missing")
    if not any(facts.get(key) for key in ("id", "purl", "path")):
        raise _bad(where, "it names neither id nor purl nor path, and would ignore everything")
    if not facts.get("id") and not facts.get("purl") and is_everywhere(facts["path"]):
        raise _bad(where, f"the path {facts['path'][:40]!a} fits every place, and would ignore everything")
    day(facts["until"], where)
    if facts.get("purl"):
        purls.parse(facts["purl"], where=where)
    return IgnoreRule(**facts, where=where)


def _scalar(key: str, value: str) -> str:
    if key == "until":
        return value
    return json.dumps(wire.escape(value), ensure_ascii=True)  # JSON's strings are YAML's double-quoted ones


def _bad(where: str, why: str, remedy: str = _REMEDY) -> MalformedError:
    return MalformedError("not an ignore file", where=where, why=why, remedy=remedy)
