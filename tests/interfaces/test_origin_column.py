"""Wide tables say of each row whether the package came with the base image; narrow ones keep their room for the rest."""

import msgspec
import pytest

from assay.interfaces.cli.render import components, table
from assay.interfaces.cli.render.text import width
from assay.model.inventory import BaseImage
from fakes.report import REPORT
from inventories import big

BASE = BaseImage(layers_count=1, confidence="strong", method="label", reason="seen")


@pytest.mark.parametrize(("columns", "shown"), [(80, False), (99, False), (100, True), (200, True)])
def test_findings_say_where_they_come_from(columns: int, shown: bool) -> None:
    origins = ("base", "application", "unknown")
    findings = tuple(
        msgspec.structs.replace(finding, origin=origins[number % 3]) for number, finding in enumerate(REPORT.findings)
    )
    text = table.render(msgspec.structs.replace(REPORT, findings=findings), columns=columns, colour=False)
    (head,) = (line for line in text.splitlines() if line.startswith("SEVERITY"))
    assert ("FROM" in head.split()) is shown
    assert max(map(width, text.splitlines())) <= columns
    nowhere = tuple(msgspec.structs.replace(finding, origin="unknown") for finding in findings)
    assert "FROM" not in table.render(msgspec.structs.replace(REPORT, findings=nowhere), columns=columns, colour=False)


@pytest.mark.parametrize(("columns", "shown"), [(80, False), (120, True)])
def test_packages_say_where_they_come_from(columns: int, shown: bool) -> None:
    inventory = msgspec.structs.replace(big(20), base=BASE)
    lines = components.render(inventory, columns=columns, colour=False).splitlines()
    assert ("FROM" in lines[0].split()) is shown
    assert max(map(width, lines)) <= columns
    if shown:
        at = lines[0].index("FROM")
        assert {line[at : at + 4].strip() for line in lines[1:21]} <= {"base", "app", "?"}
    unknown = msgspec.structs.replace(inventory, base=None)
    assert "FROM" not in components.render(unknown, columns=columns, colour=False)
