"""Dockerfiles written to harm: very many commands and very many paths are not looked for in one another."""

import time

import pytest

from assay.build.dockerfile import Named
from assay.build.dockerfile.copies import ROOT, Context, settled
from assay.build.dockerfile.places import mover, written
from assay.build.dockerfile.stage import Copied
from assay.flows.import_dockerfile import import_dockerfile

COUNT = 100_000
SECONDS = 10.0
"""Each takes a fraction of one; looking for each path in each text would take an hour."""
PLACES = {f"/bin/p{number}" for number in range(COUNT)}
TEXTS = {
    "targets": "make > /bin/y " * COUNT,
    "targets that do not end": '>"/bin/q >' * COUNT,
    "quotes that do not end": ">'/a >\"/b " * COUNT,
    "copies": "cp a /bin/y; " * COUNT,
    "copies that do not end": "cp a " * COUNT,
    "one copy of very many": "cp " + "/a " * COUNT,
    "blanks": "; " + "cp x " + " " * COUNT,
    "one long path": "/a" * COUNT,
    "paths": " /a" * COUNT,
    "paths in paths": "(/" * COUNT,
    "quoted paths": " '/a \"/b" * COUNT,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_very_many_places_are_looked_for_in_one_walk(text):
    begun = time.process_time()
    assert not written([text], PLACES)
    assert mover(PLACES)(text).replace(ROOT, "") == text
    assert time.process_time() - begun < SECONDS


def test_very_many_commands_and_copied_paths_are_translated():
    commands = "".join(f"RUN make a > /bin/q{number}\n" for number in range(2_000))
    paths = " ".join(f"/bin/p{number}" for number in range(10_000))
    text = f"FROM debian:12 AS b\n{commands}RUN make -o /bin/p7\nFROM debian:12\nCOPY --from=b {paths} /bin/\n"
    begun = time.process_time()
    found = import_dockerfile(text.encode(), "Dockerfile", Named(name="x"))
    assert time.process_time() - begun < SECONDS
    assert f"make -o {ROOT}/bin/p7\n".encode() in found.spec


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"FROM debian:12 AS s{n}\nRUN make\n" for n in range(1_000))
        + "FROM debian:12\n"
        + "".join(f"COPY --from=s{n} /a /b\n" for n in range(1_000)),
        "FROM debian:12 AS b\nRUN make\nFROM debian:12\n"
        + "".join(f"COPY --from=b /bin/p{n} /bin/\n" for n in range(3_000)),
        "FROM debian:12\nCOPY . /app\n" + "".join(f"RUN pip install -r /app/r{n}.txt\n" for n in range(2_000)),
    ],
    ids=["stages", "copies from a stage", "requirements"],
)
def test_very_many_stages_and_copies_are_translated(text):
    begun = time.process_time()
    import_dockerfile(text.encode(), "Dockerfile", Named(name="x"))
    assert time.process_time() - begun < SECONDS


def test_very_many_copies_are_held_against_later_ones():
    asked = []
    copied = [Copied("context", (f"a{n}/b{m}", "same"), f"/srv{n}/") for n in range(20_000) for m in range(2)]
    context = Context(kind=lambda path: asked.append(path) or "directory")
    begun = time.process_time()
    found = settled(copied, context)
    assert time.process_time() - begun < SECONDS
    assert len(asked) < 10 * len(copied)
    assert [len(one.paths) for one in found] == [1, 2] * 20_000  # the first of each two is laid again by the second


@pytest.mark.parametrize(
    ("earlier", "later", "left"),
    [
        (("a/x", "/srv/a/x"), ("a", "/srv/a"), False),
        (("a/b", "/srv/a/b/"), ("a", "/srv/a/"), False),
        (("a/x", "/srv/x"), ("a", "/srv/a"), True),
        (("a/x", "/srv/a/x"), (".", "/srv"), False),
        (("a/x", "/srv/a/"), (".", "/other"), True),
        (("x.txt", "/srv/"), ("x.txt", "/srv/x.txt"), False),
        (("x.txt", "/srv/"), ("y.txt", "/srv/x.txt"), True),
        (("ab/x", "/srv/b/x"), ("a", "/srv"), True),
    ],
)
def test_what_a_later_copy_lays_to_the_same_place_is_left_out(earlier, later, left):
    copied = [Copied("context", (path,), to) for path, to in (earlier, later)]
    assert (len(settled(copied, Context())) == 2) is left


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("go build -o /bin/app .", {"/bin/app"}),
        ("go build --output=/bin/app", {"/bin/app"}),
        ("echo >/etc/a; echo >> '/etc/b'", {"/etc/a", "/etc/b"}),
        ('install -m 755 /bin/x "/usr/bin/y"; ls', {"/usr/bin/y"}),
        ("cp /bin/x /bin/app && mv a /etc/b|cat", {"/bin/app", "/etc/b"}),
        ('cp a "/opt/of two words/x"', {"/opt/of two words/x"}),
        ("cat /bin/app; cp /bin/x\n/bin/app", set()),
        ("test x -nt /bin/app; xcp a /bin/app", set()),
        ("make > /bin/app/x", set()),
    ],
)
def test_what_a_command_writes(text, places):
    known = {"/bin/app", "/bin/x", "/etc/a", "/etc/b", "/usr/bin/y", "/opt/of two words/x"}
    assert written([text], known) == places


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("cd /app", "cd R/app"),
        ("ls /app/x:/app '/app'; /apps x/app ./app", "ls R/app/x:R/app 'R/app'; /apps x/app ./app"),
        ("ls '/of two/x' \"/of two\" /of", "ls 'R/of two/x' \"R/of two\" /of"),
        ("a=/app", "a=R/app"),
        ("/app", "R/app"),
    ],
)
def test_own_paths_are_moved_and_no_others(text, moved):
    assert mover({"/app", "/of two"})(text).replace(ROOT, "R") == moved
