"""What operators hand us beside images: ignore files, names of other scanners, databases' deltas, repositories."""

from collections.abc import Iterable

from assay.formats import advisory_delta, cpename, foreign_ignores, gzipstream, ignorefile, plaintext, vexrepository
from assay.model.errors import MalformedError

from .archives import pieces
from .shape import Harness, text_of

_DAY = "2030-01-01"
_CONTROLS = {chr(code) for code in (*range(32), 127, *range(128, 160))} - {"\n", "\t"}


def check_ignores(data: bytes) -> None:
    """What is read and written again says the same."""
    rules = ignorefile.read(data, "x")
    again = ignorefile.read(ignorefile.write(rules), "x")
    assert [(r.id, r.purl, r.path, r.until, r.reason) for r in again] == [
        (r.id, r.purl, r.path, r.until, r.reason) for r in rules
    ]


def check_foreign_ignores(data: bytes) -> None:
    """Every rule that is taken over has a last day."""
    for name in (".trivyignore", ".trivyignore.yaml", ".grype.yaml"):
        try:
            taken = foreign_ignores.read(data, name, foreign_ignores.kind_of(name, data), until=_DAY)
        except MalformedError:
            continue
        assert all(rule.until for rule in taken.rules)


def check_plain(data: bytes) -> None:
    """No control character is left, in whatever is shown."""
    text = text_of(data)
    for shown in (plaintext.safe(text), plaintext.markdown(text), plaintext.cell(text)):
        assert not _CONTROLS & set(shown)


def check_gzip(data: bytes) -> None:
    """However the bytes are cut, what comes out is the same."""

    def wrong(why: str) -> MalformedError:
        return MalformedError("damaged", where="x", why=why)

    whole = b"".join(gzipstream.inflated([data], 1 << 20, wrong))
    assert whole == b"".join(gzipstream.inflated(pieces(data), 1 << 20, wrong))
    assert b"".join(gzipstream.inflated(gzipstream.deflated([whole]), 1 << 20, wrong)) == whole


def check_delta(data: bytes) -> None:
    """The head at once, then the changes; the bytes are also tried as what gzip holds."""
    for chunks in ([data], list(gzipstream.deflated([data]))):
        try:
            _, changes = advisory_delta.read(chunks, where="x")
            for _ in changes:
                pass
        except MalformedError as error:
            assert error.what


def _ignores() -> Iterable[bytes]:
    yield b"ignore:\n  - id: CVE-2024-0001\n    purl: pkg:npm/a\n    until: 2030-01-01\n    reason: no\n    by: me\n"


def _foreign() -> Iterable[bytes]:
    yield b"# why\nCVE-2024-0001 exp:2030-01-01\n"
    yield b"vulnerabilities:\n  - id: CVE-2024-0001\n    paths:\n      - a\n    statement: s\n"
    yield b"ignore:\n  - vulnerability: CVE-2024-0001\n    package:\n      name: a\n      type: npm\n"


HARNESSES = (
    Harness(
        name="advisory-delta", check=check_delta, doors=(advisory_delta.read,),
        seeds=lambda: (b"".join(gzipstream.deflated([bytes(4)])),),
    ),
    Harness(
        name="cpe", check=lambda data: cpename.parse(text_of(data)), doors=(cpename.parse,),
        seeds=lambda: (b"cpe:2.3:a:vendor:product:1.0:*:*:*:*:*:*:*", b"cpe:/a:vendor:product%21:1.0"),
    ),
    Harness(name="gzip-stream", check=check_gzip, doors=(gzipstream.inflated,),
            seeds=lambda: (b"".join(gzipstream.deflated([b"text"])),)),
    Harness(name="ignore-file", check=check_ignores, doors=(ignorefile.read,), seeds=_ignores),
    Harness(name="foreign-ignores", check=check_foreign_ignores, doors=(foreign_ignores.read,), seeds=_foreign),
    Harness(name="plain-text", check=check_plain, doors=(plaintext.safe,)),
    Harness(
        name="vex-repository", check=lambda data: vexrepository.read(data, where="x"), doors=(vexrepository.read,),
        seeds=lambda: (b'{"packages": [{"id": "pkg:npm/a", "location": "npm/a/vex.json", "format": "openvex"}]}',),
    ),
)  # fmt: skip
"""Rows of the table."""
