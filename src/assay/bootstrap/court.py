"""Policies by name or folder, and the engine that decides by them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.flows.scan import Court
    from assay.model.policy import PolicyBundle

DEFAULT_POLICY = "default"


def court_of(path: str) -> Court:
    """The policy at `path` and an engine for it; the caller closes the engine."""
    from assay.adapters.opa import RegorusEngine
    from assay.flows.scan import Court

    bundle = load_policy(path)
    return Court(bundle=bundle, engine=RegorusEngine(LIMITS, bundle), seconds=LIMITS.policy_seconds)


def load_policy(path: str) -> PolicyBundle:
    """A shipped policy by its name (`default`), else one by its folder; `./default` is a folder in any case.

    Raises:
        UsageError: no such policy. MalformedError: a rule or data.json cannot be read.
    """
    from assay.adapters.files import read_folder
    from assay.formats import strictjson
    from assay.policy.bundle import load

    shipped = {one.name: one for one in _policies().iterdir()}  # first: a checkout may bring a folder `default` along
    folder = shipped.get(path) or Path(path)
    if not folder.is_dir():
        raise UsageError("no such policy", why=repr(path), remedy="give a folder with .rego files, or `default`")
    files = read_folder(str(folder), LIMITS.policy_bytes, (".rego", ".json"))
    modules = {name: text for name, text in files.items() if name.endswith(".rego") and not name.endswith("_test.rego")}
    data = strictjson.loads(files.get("data.json", "{}").encode(), where="data.json", limit=LIMITS.policy_bytes)
    return load(modules, data, name=folder.name)


def _policies() -> Path:
    """The folder of shipped policies: inside the installed package, or beside `src` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "policies"
    return inside if inside.is_dir() else package.parent.parent / "policies"
