"""A spec as YAML a person goes on with: fields in the schema's order, scripts as blocks."""

from collections.abc import Mapping
from typing import Any

HEADER = "# Taken over from a Dockerfile. A value that says {hole!r} waits for one: nothing is built before.\n"


def write(spec: Mapping[str, object], hole: str) -> bytes:
    """The spec as UTF-8 YAML; the same spec gives the same bytes."""
    import yaml

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    dumper: Any = type("_Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda self, data: True})
    dumper.add_representer(str, text)
    body: str = yaml.dump(dict(spec), Dumper=dumper, sort_keys=False, allow_unicode=True, width=110)
    return (HEADER.format(hole=hole) + body).encode()
