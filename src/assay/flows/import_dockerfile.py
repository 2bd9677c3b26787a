"""Dockerfile → verdicts and a spec."""

import msgspec

from assay.build import dockerfile as importer
from assay.build.dockerfile import ignoring, write
from assay.build.dockerfile.copies import HOLE
from assay.formats import dockerfile


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a Dockerfile."""

    verdicts: tuple[importer.Verdict, ...]
    remarks: tuple[importer.Remark, ...]
    score: importer.Score
    spec: bytes
    """YAML; holes in it wait for a person."""


def import_dockerfile(data: bytes, where: str, named: importer.Named, *, ignore: str = "") -> Imported:
    """Judge every instruction of a Dockerfile and write a spec of what was understood.

    Args:
        data: the file's bytes.
        where: its name, for errors.
        named: what the file does not say.
        ignore: text of `.dockerignore`.

    Raises:
        MalformedError, UnsupportedError: no Dockerfile, or too large.
    """
    work, verdicts = importer.read(dockerfile.read(data, where=where))
    ignored = ignoring.read(ignore)
    named = msgspec.structs.replace(named, exclude=(*named.exclude, *ignored.exclude))
    for line, pattern, reason in ignored.left_out:
        why = f".dockerignore: {pattern[:100]} comes in all the same: {reason}"
        work.warnings.append(importer.Remark(code="ignore-file", severity="low", line=line, why=why))
    remarks = sorted(work.warnings, key=lambda one: (one.line, one.code, one.why))
    return Imported(
        verdicts=verdicts,
        remarks=tuple(dict.fromkeys(remarks)),
        score=importer.score(verdicts),
        spec=write.write(importer.translate(work, named), HOLE),
    )
