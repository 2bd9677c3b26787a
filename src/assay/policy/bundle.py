"""Rego modules and data become a `PolicyBundle`: one rule per package, its profile checked, its digest taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from assay.formats import strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.policy import PolicyBundle, Rule
from assay.policy import metadata

if TYPE_CHECKING:
    from assay.trust.levels import BuilderRow

_REFUSED = (
    "time.now_ns",
    "rand.",
    "http.send",
    "net.lookup_ip_addr",
    "opa.runtime",
    "io.jwt.",
    "crypto.x509.",
    "graphql.",
    "rego.metadata.",
    "array.flatten",
    "json.match_schema",
    "json.verify_schema",
    "strings.count",
    "uuid.rfc4122",
    "trace(",
)
"""Builtins that ask the time, chance or the outside, or that engines answer differently (portable profile)."""
_QUIET = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|#[^\n]*')
_IMPORT = re.compile(r"^import rego\.v1 *$", re.MULTILINE)
_RULES = "assay.rules."
_RULE_LIKE = re.compile(r"^(?:default +)?(?:deny|warn|applies)\b|^# +code *:", re.MULTILINE)
"""What a library has no use for: a rule in a mistaken package would otherwise be passed over in silence."""


def load(modules: Mapping[str, str], data: object, *, name: str = "policy") -> PolicyBundle:
    """Read a policy.

    Args:
        modules: path inside the bundle to Rego text; every module under `assay.rules.` is one rule, others (of any
            other package) are libraries. Files of tests are left out by the caller.
        data: parameters and lists, an object, seen by rules as `data.…`; `states` maps a rule's code to another state.
        name: of the policy.

    Raises:
        MalformedError: a module without `import rego.v1` or its METADATA, a refused builtin, two rules of one code or
            package, a state for a rule that is not there, data under `assay`, a rule in a package of another name, rows
            of `builders` that say too little.
    """
    if not isinstance(data, dict):
        raise _bad("data.json", "not an object")
    rules: dict[str, Rule] = {}
    for path, text in sorted(modules.items()):
        _profile(path, text)
        package = metadata.package(path, text)
        if not package.startswith(_RULES):
            if _RULE_LIKE.search(text):
                raise _bad(
                    path, f"looks like a rule, but package {package} is not below assay.rules: it would not count"
                )
            continue
        rule = metadata.rule(path, text, package)
        for other in rules.values():
            if rule.code == other.code or package == other.package:
                raise _bad(path, f"{other.path} has the same {'code' if rule.code == other.code else 'package'}")
        rules[rule.code] = rule
    if "assay" in data:
        raise _bad("data.json", "data may not stand under `assay`: that is where rules live")
    if "builders" in data:
        from assay.trust import levels

        levels.from_objects(data["builders"], where="data.json: builders")
    for code, word in _states(data).items():
        if code not in rules:
            raise _bad("data.json", f"a state for {code!r}, which is no rule of this policy")
        rules[code] = _with_state(rules[code], word)
    try:
        content = strictjson.canonical({"modules": dict(sorted(modules.items())), "data": dict(data)})
    except ValueError as error:  # a lone surrogate, or a number beyond every bound: engines would read it differently
        raise _bad("data.json", str(error)[:200]) from error
    return PolicyBundle(
        name=name,
        modules=tuple(sorted(modules.items())),
        data=dict(data),
        digest=str(Digest.of(content)),
        rules=tuple(rule for _, rule in sorted(rules.items())),
    )


def builders(bundle: PolicyBundle) -> tuple[BuilderRow, ...]:
    """Who may vouch for which builder: the shipped rows, and those the policy adds (`builders` in its data)."""
    from assay.trust import levels

    added = bundle.data.get("builders", [])
    return (*levels.shipped(), *levels.from_objects(added, where=f"{bundle.name}: builders"))


def _profile(path: str, text: str) -> None:
    """The lexical part of the portable profile; strings and comments do not count."""
    if not _IMPORT.search(text):
        raise _bad(path, "no line `import rego.v1`")
    code = ".".join(part.strip() for part in _QUIET.sub('""', text).split("."))
    for word in _REFUSED:
        if word in code and re.search(rf"(?<![A-Za-z0-9_.]){re.escape(word)}", code):
            raise _bad(path, f"uses {word.rstrip('(.')}, which a policy may not: facts and input.now are handed in")


def _states(data: Mapping[str, object]) -> dict[str, str]:
    states = data.get("states", {})
    if not isinstance(states, dict) or not all(isinstance(word, str) for word in states.values()):
        raise _bad("data.json", "`states` is no object of texts")
    return states


def _with_state(rule: Rule, word: str) -> Rule:
    return Rule(
        code=rule.code,
        title=rule.title,
        severity=rule.severity,
        needs=rule.needs,
        uses=rule.uses,
        remedy=rule.remedy,
        state=metadata.state("data.json", word),
        package=rule.package,
        path=rule.path,
    )


def _bad(path: str, why: str) -> MalformedError:
    return MalformedError("not a policy", where=path, why=why, remedy="see docs/explanation/policy.md")
