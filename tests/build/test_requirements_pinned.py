"""Requirements that pin: one version, its hashes, and markers judged for the image."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build import requirements
from assay.model.errors import AssayError, MalformedError

A, B = "a" * 64, "b" * 64
TARGET = requirements.environment("3.11", "arm64")


def read(text, environment=TARGET):
    return requirements.read(text, environment, where="r.txt")


def test_lines_with_hashes_over_several_lines():
    text = f"# made by a tool\nZope.Interface==1.0 \\\n    --hash=sha256:{B} \\\n    --hash=sha256:{A}  # why\nb [x, y] == 2!1+l --hash=sha256:{A}\n"
    one, two = read(text)
    assert (one.name, one.version, one.line) == ("b", "2!1+l", 5)
    assert (two.name, two.hashes, two.line) == ("zope-interface", (A, B), 2)


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ('python_version < "3.12"', True), ('sys_platform == "win32"', False), ('platform_machine == "aarch64"', True),
        ('implementation_name == "pypy"', False), ('extra == "x"', False),
    ],
)  # fmt: skip
def test_markers_are_judged_for_the_image_and_not_for_this_machine(marker, holds):
    assert bool(read(f"a==1 ; {marker} --hash=sha256:{A}\n")) is holds


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a==1", "no hash"), (f"a>=1 --hash=sha256:{A}", "not name==version"), (f"a==1.* --hash=sha256:{A}", "not name"),
        (f"a --hash=sha256:{A}", "not name"), ("-e .", "not name"), ("-r other.txt", "not name"),
        ("--index-url https://example.org", "not name"), (f"a @ https://example.org/a.whl --hash=sha256:{A}", "not name"),
        (f"git+https://example.org/a --hash=sha256:{A}", "not name"), (f"./a.whl --hash=sha256:{A}", "not name"),
        (f"a==1 --hash=md5:{A[:32]}", "not a SHA-256"), (f"a==1 --hash=sha256:{A[:-1]}", "not a SHA-256"),
        (f"a==1 --hash=sha256:{A} --no-binary", "not a SHA-256"), (f"a==1 --pre --hash=sha256:{A}", "not name"),
        (f"a==1 --hash=sha256:{A}\nA==1 --hash=sha256:{A}", "twice"), (f"a==1 ; nonsense --hash=sha256:{A}", "marker"),
        (f"a==1 ; {'(' * 400}x --hash=sha256:{A}", "marker"), (f"a==1 ; {'x' * 2000} --hash=sha256:{A}", "marker"),
    ],
)  # fmt: skip
def test_what_does_not_pin_is_refused_with_its_line(line, says):
    with pytest.raises(MalformedError) as caught:
        read(f"\n{line}\n")
    assert "line" in caught.value.where
    assert says in caught.value.why


def test_a_line_of_blanks_is_read_in_little_time():
    for text in (f"a{' ' * 500_000}x", f"a[{' ' * 300_000}", " #" * 200_000, "\\\n" * 100_000):
        try:
            read(text)
        except MalformedError:
            continue


@given(st.text(alphabet="ab=<>![]; #\\\n-:1.\"'()", max_size=80))
def test_any_text_has_an_answer(text):
    try:
        for one in read(text):
            assert one.hashes
    except AssayError:
        return
