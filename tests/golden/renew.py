"""Write the golden files of the table anew: `make golden`; review the difference as code."""

from pathlib import Path

from assay.interfaces.cli.render import table
from fakes.report import REPORT

for columns in (80, 200):
    (Path(__file__).parent / f"table-{columns}.txt").write_text(table.render(REPORT, columns=columns, colour=False))
