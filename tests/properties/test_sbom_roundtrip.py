"""The laws of our SBOMs: nothing is lost, the same input gives the same bytes, the official schemas hold."""

import json
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from assay.formats import cyclonedx, cyclonedx_xml, sbom, spdx, spdx3, spdx_tagvalue, wire
from assay.model.inventory import Inventory
from inventories import TIME, TOOL, full, inventories, text
from support import SHARED

WRITERS: dict[str, Callable[..., bytes]] = {
    "cyclonedx-1.4": partial(cyclonedx.write, version="1.4"),
    "cyclonedx-1.5": partial(cyclonedx.write, version="1.5"),
    "cyclonedx-1.6": cyclonedx.write,
    "cyclonedx-1.7": partial(cyclonedx.write, version="1.7"),
    "xml-1.4": partial(cyclonedx_xml.write, version="1.4"),
    "xml-1.5": partial(cyclonedx_xml.write, version="1.5"),
    "xml-1.6": cyclonedx_xml.write,
    "xml-1.7": partial(cyclonedx_xml.write, version="1.7"),
    "spdx-2.3": spdx.write,
    "spdx-tv": spdx_tagvalue.write,
    "spdx-3.0.1": spdx3.write,
}
WITH_SCHEMA = [name for name in WRITERS if name != "spdx-tv" and not name.startswith("xml")]
LAWS = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@lru_cache
def validator(name: str) -> Any:
    if SHARED is None:
        pytest.skip("../shared is not present")
    form, _, version = name.partition("-")
    if form == "spdx":
        schema = json.loads((SHARED / f"vectors/spdx/schema/spdx-{version}.schema.json").read_text())
        return (Draft202012Validator if version == "3.0.1" else Draft7Validator)(schema)
    folder = SHARED / "vectors/cyclonedx/schema"
    registry: Registry[Any] = Registry()
    for part in ("spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"):
        resource = Resource.from_contents(json.loads((folder / part).read_text()))
        registry = registry.with_resource(f"http://cyclonedx.org/schema/{part}", resource)
    return Draft7Validator(
        json.loads((folder / f"bom-{version}.schema.json").read_text()),
        registry=registry,
        format_checker=Draft7Validator.FORMAT_CHECKER,
    )


def check_schema(name: str, data: bytes) -> None:
    errors = [f"{e.json_path}: {e.message[:200]}" for e in validator(name).iter_errors(json.loads(data))]
    assert errors == []


SLOW = "spdx-3.0.1"


@pytest.mark.parametrize("name", WRITERS)
@LAWS
@given(inventory=inventories())
def test_nothing_is_lost(name: str, inventory: Inventory) -> None:
    data = WRITERS[name](inventory, tool=TOOL, timestamp=TIME)
    assert sbom.read(data, "x") == inventory


@settings(LAWS, max_examples=4)
@given(inventory=inventories())
def test_the_official_schema_of_spdx_3_holds(inventory: Inventory) -> None:
    """Few examples: a validator needs seconds for one document."""
    check_schema(SLOW, WRITERS[SLOW](inventory, tool=TOOL, timestamp=TIME))


@pytest.mark.parametrize("name", [name for name in WITH_SCHEMA if name != SLOW])
@settings(LAWS, max_examples=20)
@given(inventory=inventories())
def test_the_official_schema_holds(name: str, inventory: Inventory) -> None:
    check_schema(name, WRITERS[name](inventory, tool=TOOL, timestamp=TIME))


@pytest.mark.parametrize("name", WRITERS)
def test_a_whole_image(name: str) -> None:
    data = WRITERS[name](full(), tool=TOOL, timestamp=TIME)
    assert sbom.read(data, "x") == full()
    assert WRITERS[name](full(), tool=TOOL, timestamp=TIME) == data
    if name in WITH_SCHEMA:
        check_schema(name, data)


def test_the_sample_uses_every_field() -> None:
    """A field added to the model must reach the formats: this fails until the sample, and so the tests, use it."""
    unused: set[str] = set()
    used: set[str] = set()

    def visit(value: Any) -> None:
        if isinstance(value, tuple):
            for item in value:
                visit(item)
        if isinstance(value, msgspec.Struct):
            for field in msgspec.structs.fields(value):
                content = getattr(value, field.name)
                name = f"{type(value).__name__}.{field.name}"
                (unused if content in (None, "", (), field.default) else used).add(name)
                visit(content)

    visit(full())
    assert unused - used == set()


@given(st.lists(text | st.text("\\ud8\udcffz"), max_size=4))
def test_any_text_survives_utf8(value: list[str]) -> None:
    data = wire.encode(value)
    assert json.loads(data.decode()) == [wire.escape(t) for t in value]
    assert [wire.unescape(wire.escape(t)) for t in value] == value
    assert not any(0xD800 <= ord(c) <= 0xDFFF for t in json.loads(data) for c in t)


@pytest.mark.parametrize("escape", [wire.escape_line, wire.escape_word])
@given(value=text | st.text("\\u00d8<text>/ \udcff\n\r\t\x00\ufffe\xa0z"))
def test_any_text_survives_a_line(escape: Callable[[str], str], value: str) -> None:
    line = escape(value)
    assert wire.unescape_line(line) == value
    assert line == line.strip(" ")
    assert not any(c < " " or "\x7f" <= c < "\xa0" for c in line)
    assert "<text>" not in line
    assert "</text>" not in line
    line.encode()
    if escape is wire.escape_word:
        assert " " not in line
