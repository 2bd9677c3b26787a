"""The spec's JSON Schema, made from its structs: what editors complete and check by."""

from inspect import cleandoc
from typing import Any

import msgspec

from assay.build.spec import Spec

NAME = "urn:assay:schema:build:1"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a spec.

    It holds what a schema can hold; `spec_rules` looks at what the parts owe each other.
    """
    value = msgspec.json.schema(Spec)
    for definition in value["$defs"].values():
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])  # Python 3.13 does so itself
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": NAME,
        "title": "Assay build spec",
        "description": "From which inputs and by which steps an image is built (assay build SPEC).",
        **value,
    }
