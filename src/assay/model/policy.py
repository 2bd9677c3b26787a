"""Policies as values: a bundle of Rego modules, and what each rule declares of itself."""

from typing import Literal

import msgspec

RuleState = Literal["off", "audit", "warn", "enforce"]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: one Rego package; read from its METADATA comment."""

    code: str
    """`vuln.threshold`, as in the library's table."""
    title: str
    severity: str
    """critical, high, medium or low."""
    needs: tuple[str, ...]
    """Fact sections without which the rule gives `evidence_missing`."""
    uses: tuple[str, ...] = ()
    remedy: str = ""
    state: RuleState = "enforce"
    package: str = ""
    """Rego package path, e.g. `assay.rules.vuln_threshold`."""
    path: str = ""


class PolicyBundle(msgspec.Struct, frozen=True, kw_only=True):
    """Rego modules and data, and their digest."""

    name: str
    modules: tuple[tuple[str, str], ...]
    """(path inside the bundle, Rego text), sorted by path."""
    data: dict[str, object] = {}
    digest: str = ""
    """sha256 over the canonical JSON of modules and data."""
    rules: tuple[Rule, ...] = ()
