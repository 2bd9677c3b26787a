"""`--log-format json`: every line of standard error as one JSON object, whoever writes it.

The stream itself is exchanged, so that no line can be forgotten: progress, warnings, errors, usage and tracebacks.
"""

import io
import sys
from typing import TextIO

import msgspec

_KINDS = ("malformed", "untrusted", "unsupported", "unavailable", "usage", "defect")
"""Words after `assay: ` with which an error begins (`model.errors`; a defect is ours)."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line."""

    level: str
    """`info`, `warning` or `error`."""
    message: str
    kind: str = ""
    """Of an error: which."""


def line_of(text: str) -> Line:
    """A line of ours as a value.

    >>> line_of("· reading 2 layers of demo")
    Line(level='info', message='reading 2 layers of demo', kind='')
    >>> line_of("assay: usage: no such file")
    Line(level='error', message='no such file', kind='usage')
    """
    if text.startswith("· "):
        return Line("info", text[2:])
    if text.startswith("Error: "):  # click's
        return Line("error", text[7:], "usage")
    if not text.startswith("assay: "):
        return Line("info", text)
    kind, colon, rest = text[7:].partition(": ")
    if colon and kind in _KINDS:
        return Line("error", rest, kind)
    return Line("warning", rest if kind == "warning" else text[7:])


class JsonLines(io.TextIOBase):
    """A text stream that hands each whole line on as JSON."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._rest = stream, ""

    def write(self, text: str, /) -> int:
        """Take text; whole lines go out at once, empty ones never."""
        if not isinstance(text, str):
            raise TypeError("text, not bytes")  # as `io.TextIOWrapper` does: click asks streams so
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._put(line)
        return len(text)

    def _put(self, line: str) -> None:
        if line.strip():
            plain = line.encode(self.encoding, self.errors).decode()  # a file's name may hold what is no text
            self._stream.write(msgspec.json.encode(line_of(plain)).decode() + "\n")

    def flush(self) -> None:
        """Hand on what is whole."""
        if not self._stream.closed:
            self._stream.flush()

    def close(self) -> None:
        """Hand on what nobody ended; the stream beneath stays open."""
        rest, self._rest = self._rest, ""
        if not self._stream.closed:
            self._put(rest)
        super().close()

    def fileno(self) -> int:
        """The handle beneath, for who asks what standard error is."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Never: no colour, no prompt."""
        return False


def install(form: str) -> None:
    """Exchange standard error for `json`; `text` leaves it."""
    if form == "json" and not isinstance(sys.stderr, JsonLines):
        sys.stderr = JsonLines(sys.stderr)
