"""Signed notes and checkpoints: one spelling, or refused."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import note
from assay.formats.note import Checkpoint, Note, NoteSignature
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

ROOT = bytes(range(32))
ROOT64 = base64.b64encode(ROOT).decode()
LINE = "— log.example/a " + base64.b64encode(b"\0\0\0\1" + b"s" * 64).decode() + "\n"
WHOLE = f"log.example/a\n7\n{ROOT64}\n\n{LINE}"


def read(text: str | bytes) -> Note:
    return note.parse(text.encode() if isinstance(text, str) else text, where="here")


def test_a_checkpoint_is_read():
    found = read(WHOLE)
    assert found.signatures == (NoteSignature("log.example/a", b"\0\0\0\1", b"s" * 64),)
    assert note.checkpoint(found.text, where="here") == Checkpoint("log.example/a", 7, ROOT)
    assert note.write(found).decode() == WHOLE


def test_the_text_ends_at_the_last_blank_line():
    """A poem may have stanzas (the standard's own example); a checkpoint may not."""
    found = read("one\n\ntwo\n\n" + LINE)
    assert found.text == "one\n\ntwo\n"
    with pytest.raises(MalformedError):
        note.checkpoint(found.text, where="here")


def test_extensions_many_signatures_and_post_quantum_lengths():
    big = "— w.example/pq " + base64.b64encode(b"\1\2\3\4" + b"p" * 2428).decode() + "\n"
    text = f"o - 123\n0\n{ROOT64}\nTimestamp: 1\nmore\n\n" + LINE * 10 + big * 10
    found = read(text)
    assert len(found.signatures) == 20
    assert note.checkpoint(found.text, where="x") == Checkpoint("o - 123", 0, ROOT, ("Timestamp: 1", "more"))


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\n", b"\n\n", WHOLE.replace("\n\n", "\n").encode(), WHOLE[:-1].encode(), (WHOLE + "\n").encode(),
        WHOLE.replace(LINE, "").encode(), WHOLE.replace("—", "-").encode(), WHOLE.replace("— ", "—  ").encode(),
        WHOLE.replace("\n", "\r\n").encode(), WHOLE.replace("7\n", "7\t\n").encode(), b"\xff" + WHOLE.encode(),
        (WHOLE + "junk\n").encode(), WHOLE.replace("— log.example/a", "— log+a").encode(),
        WHOLE.replace("— log.example/a", "— log\u00a0a").encode(), WHOLE.replace("— log.example/a", "— ").encode(),
        f"a\n\n— a {base64.b64encode(b'1234').decode()}\n".encode(), (WHOLE[:-2] + "\n").encode(),
        WHOLE.replace("czcw==", "czcx==").encode() + LINE.replace("=\n", "\n").encode(),
    ],
)  # fmt: skip
def test_other_forms_are_refused(text):
    with pytest.raises(MalformedError):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "o", "o\n", "o\n1\n", f"o\n1\n{ROOT64}", f"\n1\n{ROOT64}\n", f"o\n01\n{ROOT64}\n", f"o\n+1\n{ROOT64}\n",
        f"o\n-1\n{ROOT64}\n", f"o\n1 \n{ROOT64}\n", f"o\n٣\n{ROOT64}\n", f"o\n{1 << 63}\n{ROOT64}\n",
        f"o\n{'9' * 5000}\n{ROOT64}\n", f"o\n1\n{ROOT64[:-1]}\n", f"o\n1\n{ROOT64.replace('=', '')}\n",
        f"o\n1\n{base64.b64encode(ROOT[:31]).decode()}\n", f"o\n1\n{ROOT64}\n\n", f"o\n1\n{ROOT64}\n\nx\n",
        f"o\n1\n{ROOT64[:-2]}9=\n",
    ],
)  # fmt: skip
def test_checkpoints_of_other_forms_are_refused(text):
    with pytest.raises(MalformedError):
        note.checkpoint(text, where="here")


def test_bounds():
    limits = msgspec.structs.replace(DEFAULT_LIMITS, note_signatures_count=2)
    note.parse(("a\n\n" + LINE * 2).encode(), where="x", limits=limits)
    with pytest.raises(MalformedError, match="3 signature lines, limit 2"):
        note.parse(("a\n\n" + LINE * 3).encode(), where="x", limits=limits)
    with pytest.raises(MalformedError, match="bytes, limit"):
        read(b"a" * (DEFAULT_LIMITS.note_bytes + 1))
    assert len(read("a\n\n" + LINE * 64).signatures) == 64


@pytest.mark.parametrize(
    "value",
    [Note("no break", (NoteSignature("a", b"1234", b"s"),)), Note("a\n"), Note("a\n", (NoteSignature("", b"1234", b"s"),)),
     Note("a\n", (NoteSignature("a b", b"1234", b"s"),)), Note("a\n", (NoteSignature("a", b"12345", b"s"),)),
     Note("a\n", (NoteSignature("a", b"123", b"s"),)), Note("a\n", (NoteSignature("a\nb", b"1234", b"s"),))],
)  # fmt: skip
def test_what_cannot_be_written_is_not(value):
    with pytest.raises(MalformedError):
        note.write(value)


@pytest.mark.parametrize(
    "value", [Checkpoint("a\nb", 1, ROOT), Checkpoint("", 1, ROOT), Checkpoint("a", -1, ROOT), Checkpoint("a", 1, b"")]
)
def test_checkpoints_that_cannot_be_written_are_not(value):
    with pytest.raises(MalformedError):
        note.checkpoint_text(value)


def test_key_ids_of_published_keys():
    """Go's checksum database: `sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8`."""
    key = base64.b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    found = note.key_id("sum.golang.org", key[0], key[1:])
    assert (len(found), found[:4].hex()) == (32, "033de0ae")


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9).filter(note.is_name)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(
    words, st.integers(0, (1 << 63) - 1), st.binary(min_size=32, max_size=32), st.lists(words, max_size=3),
    st.lists(st.builds(NoteSignature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1)), min_size=1),
)  # fmt: skip
def test_what_is_written_is_read_again(origin, size, root, extensions, signatures):
    value = Checkpoint(origin, size, root, tuple(extensions))
    text = note.checkpoint_text(value)
    whole = Note(text, tuple(signatures))
    assert note.parse(note.write(whole), where="x") == whole
    assert note.checkpoint(whole.text, where="x") == value


@given(st.binary(max_size=60))
def test_any_bytes_are_a_note_or_malformed(data):
    for candidate in (data, b"a\n\n" + data, WHOLE.encode() + data, WHOLE.encode()[: len(data)]):
        try:
            found = note.parse(candidate, where="x")
        except MalformedError:
            continue
        assert note.write(found) == candidate
