"""`-o FORMAT[@VERSION][=PATH]`: what is read, what is refused, and that each named version is written."""

import pytest

from assay.formats import sbom
from assay.interfaces.cli import options, output
from assay.model.errors import UsageError
from inventories import full

ALLOWED = tuple(output.SBOM_WRITERS)
EVERY = [
    pytest.param(form, version, id=f"{form}@{version}")
    for form, versions in options.FORMAT_VERSIONS.items()
    for version in versions
    if form in output.SBOM_WRITERS
]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("cyclonedx-json", ("cyclonedx-json", "", "")),
        ("cyclonedx-json@1.5", ("cyclonedx-json", "", "1.5")),
        ("cyclonedx-json@1.5=a@b=c.json", ("cyclonedx-json", "a@b=c.json", "1.5")),
        ("spdx-json=a@b.json", ("spdx-json", "a@b.json", "")),
    ],
)
def test_a_value_is_read(value: str, expected: tuple[str, str, str]) -> None:
    (found,) = options.parse_outputs((value,), ALLOWED, "table")
    assert (found.format, found.path, found.version) == expected


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("cyclonedx-json@1.3", "cyclonedx-json@1.7"),
        ("cyclonedx-json@", "cyclonedx-json@1.7"),
        ("table@1", "choose among table"),
        ("nothing@1.5", "choose among"),
        ("spdx-json@3.0.1", "choose among spdx-json@2.3, spdx3-json@3.0.1"),
    ],
)
def test_a_version_nobody_writes_is_refused(value: str, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        options.parse_outputs((value,), ALLOWED, "table")
    assert word in caught.value.remedy


@pytest.mark.parametrize(("form", "version"), EVERY)
@pytest.mark.parametrize("writers", [output.SBOM_WRITERS, output.REPORT_WRITERS])
def test_each_version_is_written_and_read_again(writers: dict[str, output.Writer], form: str, version: str) -> None:
    data = writers[form](full(), None, options.Output(form, "", version=version))
    assert version.encode() in data[:2000]
    assert sbom.read(data, "x") == full()
