"""Dockerfile → verdicts and a spec."""

import msgspec

from assay.build import dockerfile as importer
from assay.build.dockerfile import write
from assay.build.dockerfile.translate import HOLE
from assay.formats import dockerfile


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a Dockerfile."""

    verdicts: tuple[importer.Verdict, ...]
    remarks: tuple[importer.Remark, ...]
    score: importer.Score
    spec: bytes
    """YAML; holes in it wait for a person."""


def import_dockerfile(data: bytes, where: str, named: importer.Named) -> Imported:
    """Judge every instruction of a Dockerfile and write a spec of what was understood.

    Args:
        data: the file's bytes.
        where: its name, for errors.
        named: what the file does not say.

    Raises:
        MalformedError, UnsupportedError: no Dockerfile, or too large.
    """
    work, verdicts = importer.read(dockerfile.read(data, where=where))
    remarks = sorted(work.warnings, key=lambda one: (one.line, one.code, one.why))
    return Imported(
        verdicts=verdicts,
        remarks=tuple(dict.fromkeys(remarks)),
        score=importer.score(verdicts),
        spec=write.write(importer.translate(work, named), HOLE),
    )
