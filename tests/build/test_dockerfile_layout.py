"""What a COPY of a Dockerfile lays where, in the image that is built of it; and what its ignore file leaves out."""

import gzip
import io
import json
import re
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build import dockerfile as importer
from assay.build.dockerfile import Named, ignoring
from assay.build.dockerfile.copies import Context, tidy
from assay.formats import dockerfile
from insidecommand import assay

pytest.importorskip("tree_sitter_bash", reason="the shell grammar has no wheel here")

STATIC = """\
FROM scratch
ARG VERSION=1.2
LABEL org.opencontainers.image.version=$VERSION
WORKDIR /srv
COPY public /srv/www/
COPY public/*.html public/css/a.css extra/
COPY --chown=65532:65532 --chmod=0640 notes.txt .
COPY notes.txt renamed.txt
COPY ["public/with space.txt", "/odd one/"]
COPY . all
EXPOSE 8080/tcp
VOLUME /data
USER 65532:65532
HEALTHCHECK --interval=1m --timeout=3s --retries=2 CMD ["/srv/check", "x"]
STOPSIGNAL SIGTERM
CMD ["--port", "8080"]
ENTRYPOINT ["/srv/serve"]
"""
FILES = (
    "public/index.html", "public/b.html", "public/css/a.css", "public/with space.txt", "notes.txt", ".env", "x.bak",
    "public/y.bak", "node_modules/x/i.js", "public/node_modules/k",
)  # fmt: skip


def test_a_static_image_is_laid_out_as_its_builder_would(tmp_path):
    folder = tmp_path / "static"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "Dockerfile").write_text(STATIC)
    (folder / ".dockerignore").write_text("# about\n.env\n**/node_modules\nDockerfile\n*.bak\n")
    done = assay("import-dockerfile", f"{folder}/Dockerfile", "--output", f"{folder}/assay.yaml", home=tmp_path)
    assert done.code == 0, done.out.decode()
    store = ("--store", f"{tmp_path}/store")
    assert assay("lock", f"{folder}/assay.yaml", *store, home=tmp_path).code == 0
    done = assay("build", f"{folder}/assay.yaml", *store, "--output", f"oci-dir:{tmp_path}/out", home=tmp_path)
    assert done.code == 0, done.err
    config, found = image(tmp_path / "out")
    everything = {
        ".dockerignore", "notes.txt", "public/b.html", "public/css/a.css", "public/index.html", "public/with space.txt",
        "public/y.bak",
    }  # fmt: skip
    assert {path.removeprefix("srv/all/") for path in found if path.startswith("srv/all/")} == everything
    assert {path for path in found if path.startswith(("srv/www", "srv/extra", "odd"))} == {
        "srv/www/b.html", "srv/www/css/a.css", "srv/www/index.html", "srv/www/with space.txt", "srv/www/y.bak",
        "srv/extra/a.css", "srv/extra/b.html", "srv/extra/index.html", "odd one/with space.txt",
    }  # fmt: skip
    assert found["srv/notes.txt"] == (0o640, 65532)
    assert found["srv/renamed.txt"] == (0o644, 0)
    assert config == {
        "Cmd": ["--port", "8080"], "Entrypoint": ["/srv/serve"], "ExposedPorts": {"8080/tcp": {}}, "StopSignal": "SIGTERM",
        "Healthcheck": {"Interval": 60 * 10**9, "Retries": 2, "Test": ["CMD", "/srv/check", "x"], "Timeout": 3 * 10**9},
        "Labels": {"org.opencontainers.image.version": "1.2"}, "User": "65532:65532", "Volumes": {"/data": {}},
        "WorkingDir": "/srv",
    }  # fmt: skip


def image(layout):
    def blob(digest):
        return (layout / "blobs/sha256" / digest.partition(":")[2]).read_bytes()

    manifest = json.loads(blob(json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"]))
    if "manifests" in manifest:
        manifest = json.loads(blob(manifest["manifests"][0]["digest"]))
    found = {}
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob(layer["digest"])))) as tar:
            found |= {one.name: (one.mode, one.uid) for one in tar if one.isfile()}
    return json.loads(blob(manifest["config"]["digest"]))["config"], found


TREE = {
    "app": "directory",
    "app/main.py": "file",
    "a.txt": "file",
    "b.txt": "file",
    "requirements.txt": "file",
    ".": "directory",
}
CONTEXT = Context(kind=TREE.get, names=lambda pattern: ("a.txt", "b.txt") if pattern == "*.txt" else ())


def spec_of(text, **more):
    work, verdicts = importer.read(dockerfile.read(text.encode(), where="x"))
    return importer.translate(work, Named(name="x", files=CONTEXT, **more)), verdicts


def installed(*lines):
    spec, _ = spec_of("FROM scratch\nWORKDIR /srv\n" + "\n".join(lines))
    return [(one.get("path", "."), one["to"]) for one in spec["image"]["install"]]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["COPY a.txt /x"], [("a.txt", "/x")]),
        (["COPY a.txt /x/"], [("a.txt", "/x/")]),
        (["COPY a.txt ."], [("a.txt", "/srv/")]),
        (["COPY a.txt /srv"], [("a.txt", "/srv/")]),  # a folder the stage has made
        (["COPY app ./"], [("app", "/srv/")]),
        (["COPY app /x"], [("app", "/x")]),
        (["COPY ./app/main.py x"], [("app/main.py", "/srv/x")]),
        (["COPY a.txt b.txt /x/"], [("a.txt", "/x/"), ("b.txt", "/x/")]),
        (["COPY *.txt /x"], [("a.txt", "/x/"), ("b.txt", "/x/")]),
        (["COPY a.txt /x/", "COPY b.txt /x"], [("a.txt", "/x/"), ("b.txt", "/x/")]),
        (["COPY /a.txt /x"], [("a.txt", "/x")]),
        # What a later copy lays anyway is its affair: owner and mode are those of the last.
        (["COPY a.txt .", "COPY --chown=1:1 . ."], [(".", "/srv/")]),
        (["COPY a.txt c.txt", "COPY . ."], [("a.txt", "/srv/c.txt"), (".", "/srv/")]),
        (["COPY app/main.py app/", "COPY app app"], [("app", "/srv/app/")]),
    ],
)
def test_a_copy_has_its_place(lines, found):
    assert installed(*lines) == found


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("--chown=5", {"uid": 5, "gid": 5}), ("--chown=5:6", {"uid": 5, "gid": 6}), ("--chown=app", {"uid": 7, "gid": 8}),
        ("--chown=app:web", {"uid": 7, "gid": 9}), ("--chown=nobody", {"uid": 65534, "gid": 65534}),
        ("--chown=stranger", {"uid": importer.copies.HOLE, "gid": importer.copies.HOLE}), ("--chmod=644", {"mode": "644"}),
        ("--link", {}), ("--chown=$WHO", {"uid": 5, "gid": 5}),
    ],
)  # fmt: skip
def test_owner_and_mode_are_those_of_the_flags(line, owner):
    text = f"FROM debian:12\nENV WHO=5\nRUN groupadd -g 9 web && useradd -u 7 -g 8 app\nCOPY {line} a.txt /x\n"
    (entry,) = spec_of(text)[0]["image"]["install"]
    assert {key: value for key, value in entry.items() if key in ("uid", "gid", "mode")} == owner


@pytest.mark.parametrize(
    ("lines", "outcome", "mode"),
    [
        (["COPY run.sh /bin/run", "RUN chmod +x /bin/run"], "translated", "0755"),
        (["COPY run.sh /bin/", "RUN chmod 700 /bin/run.sh"], "translated", "0700"),
        (["COPY --chmod=640 run.sh run", "RUN chmod a+x run"], "translated", "0751"),
        (["COPY run.sh /bin/run", "RUN chmod g+r /bin/run"], "needs-human", None),
        (["COPY . /bin/", "RUN chmod +x /bin/run.sh"], "needs-human", None),
        (["COPY run.sh /bin/run", "RUN chmod -R 755 /bin"], "needs-human", None),
        (["COPY run.sh /bin/run", "RUN chown app /bin/run"], "needs-human", None),
        (["COPY run.sh /a/b/run", "RUN mkdir -p /a/b"], "dropped", None),
        (["WORKDIR /a/b", "RUN mkdir -p /a"], "dropped", None),
        (["COPY run.sh /a/b", "RUN mkdir -p /a/bc"], "needs-human", None),
    ],
)
def test_modes_and_folders_of_what_is_copied(lines, outcome, mode):
    spec, verdicts = spec_of("FROM debian:12\n" + "\n".join(lines) + "\n")
    assert verdicts[-1].outcome == outcome, verdicts[-1]
    assert verdicts[-1].why
    if mode is not None:
        assert [one["mode"] for one in spec["image"]["install"]] == [mode]


@pytest.mark.parametrize(
    ("line", "outcome", "packages"),
    [
        ("CMD run it", "translated", ["dash"]), ('CMD ["run"]', "translated", []), ('ENTRYPOINT ["/start.sh"]', "translated", ["dash"]),
        ('ENTRYPOINT ["/bin/bash", "-c", "x"]', "translated", ["bash"]), ('CMD ["npm", "start"]', "needs-human", []),
        ("CMD npm start", "needs-human", []), ("CMD []", "translated", []), ("CMD", "translated", []),
        ('SHELL ["/bin/bash", "-c"]\nCMD run', "translated", ["bash"]),
    ],
)  # fmt: skip
def test_what_a_process_begins_with_is_there(line, outcome, packages):
    spec, verdicts = spec_of(f"FROM debian:12\n{line}\n")
    assert verdicts[-1].outcome == outcome
    assert spec["image"]["packages"][4:] == packages


def test_one_of_several_files_gets_its_mode():
    spec, _ = spec_of("FROM debian:12\nCOPY a.txt b.txt /x/\nRUN chmod 600 /x/b.txt\n")
    assert [(one["path"], one.get("mode")) for one in spec["image"]["install"]] == [("a.txt", None), ("b.txt", "0600")]


@pytest.mark.parametrize("flag", ["--parents", "--exclude=*.md", "--chmod=u+x", "--chmod=99999"])
def test_a_flag_that_is_not_understood_needs_a_person(flag):
    assert spec_of(f"FROM scratch\nCOPY {flag} a.txt /x\n")[1][1].outcome == "needs-human"


def test_an_entrypoint_takes_an_inherited_command_away():
    base = 'FROM scratch AS base\nCMD ["a"]\nFROM base\n'
    assert spec_of(base + 'ENTRYPOINT ["e"]\n')[0]["image"]["config"] == {"entrypoint": ["e"]}
    assert spec_of(base + 'CMD ["b"]\nENTRYPOINT ["e"]\n')[0]["image"]["config"] == {
        "entrypoint": ["e"],
        "command": ["b"],
    }
    assert spec_of(base + "LABEL a=b\n")[0]["image"]["config"]["command"] == ["a"]


def test_the_commands_of_a_stage_are_not_lost_with_its_name():
    text = "FROM debian:12 AS one\nRUN make\nFROM one AS two\nRUN make more\nFROM {}\nCOPY --from=two /x /x\n"
    spec, verdicts = spec_of(text.format("scratch"))
    assert spec["steps"][0]["run"].index("make\n") < spec["steps"][0]["run"].index("make more\n")
    assert verdicts[4].outcome == "translated"
    _, verdicts = spec_of("FROM debian:12 AS one\nRUN make\nFROM one\nCMD a\n")
    assert verdicts[2].outcome == "needs-human"


def test_paths_of_a_step_are_moved_once():
    text = "FROM debian:12 AS b\nWORKDIR /build\nRUN make -C /build O=/out /usr/x /buildx\nFROM scratch\nCOPY --from=b /out/x /x\n"
    assert "make -C /build/root/build O=/build/root/out /usr/x /buildx" in spec_of(text)[0]["steps"][0]["run"]


@pytest.mark.parametrize(
    ("text", "exclude"),
    [
        ("foo", ("/foo",)), ("/foo/", ("/foo",)), ("**/foo", ("foo",)), ("*.md", ("/*.md",)), ("a/*/b", ("/a/*/b",)),
        ("**/a/b", ("*/a/b",)), ("# x\n\n  foo  ", ("/foo",)), (".", ()), ("foo\nfoo", ("/foo",)), ("./a//b", ("/a/b",)),
        ("*.md\n!README.md", ()), ("docs\n!docs/keep", ()), ("docs\n!src/keep", ("/docs",)), ("!docs\ndocs", ("/docs",)),
    ],
)  # fmt: skip
def test_an_ignore_file_is_taken_over_as_far_as_a_spec_can_say_it(text, exclude):
    found = ignoring.read(text)
    assert found.exclude == exclude
    lines = {line for line in text.splitlines() if line.strip() and line.strip()[0] not in "!#"}
    assert bool(found.left_out) is (len(exclude) < len(lines))


def test_an_exception_is_named(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / ".dockerignore").write_text("*\n!app\n")
    done = assay("import-dockerfile", f"{tmp_path}/Dockerfile", "--output", "-", "--format", "json", home=tmp_path)
    (remark,) = [one for one in json.loads(done.err)["remarks"] if one["code"] == "ignore-file"]
    assert remark["why"] == ".dockerignore: * comes in all the same: a later line takes app in again"


@given(st.text(max_size=60))
def test_any_ignore_file_is_read(text):
    found = ignoring.read(text)
    assert all(pattern for pattern in found.exclude)
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize(
    "command",
    [
        "gcc -O2 -o /usr/local/bin/hello /src/hello.c",
        "cp /src/hello /usr/local/bin/hello && echo done",
        "cat /src/a /src/b > /usr/local/bin/hello",
        'install -m 755 /src/hello "/usr/local/bin/hello"',
    ],
)
def test_a_file_that_a_stage_writes_among_the_roots_own_lies_in_the_steps_tree(command):
    text = (
        f"FROM debian:bookworm AS b\nRUN apt-get update && apt-get install -y gcc\nCOPY . /src\nRUN {command}\n"
        "FROM debian:bookworm\nCOPY --from=b /usr/local/bin/hello /hello\n"
    )
    run = spec_of(text)[0]["steps"][0]["run"]
    assert "mkdir -p /build/root/usr/local/bin\n" in run
    assert 'cp -a /build/root/usr/local/bin/hello "$OUT/part-0/hello"' in run
    assert not re.search(r"(?<!/build/root)/usr/local/bin", run)


def test_a_file_that_a_package_brought_is_taken_from_the_root():
    text = (
        "FROM debian:bookworm AS b\nRUN apt-get update && apt-get install -y git\nCOPY . /src\n"
        "RUN strip --version /usr/bin/git\nFROM debian:bookworm\nCOPY --from=b /usr/bin/git /git\n"
    )
    run = spec_of(text)[0]["steps"][0]["run"]
    assert 'cp -a /usr/bin/git "$OUT/part-0/git"' in run
