"""Dockerfiles taken over: a verdict for each instruction and command, findings, and a spec with holes for the rest."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.build import dockerfile as importer
from assay.build import spec_read
from assay.build.dockerfile import Named, write
from assay.build.dockerfile.translate import HOLE
from assay.formats import dockerfile
from assay.formats.dockerfile import INSTRUCTIONS
from assay.model.errors import AssayError, MalformedError
from command import assay
from support import SHARED, needs_shared

pytest.importorskip("tree_sitter_bash", reason="the shell grammar has no wheel here")

APPLICATION = """\
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends gcc make && rm -rf /var/lib/apt/lists/*
RUN ./configure --prefix=/usr && make
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
RUN useradd -m -u 1001 app
COPY --from=build --chown=app /src/hello /usr/bin/hello
COPY . .
ENV A=b
EXPOSE 8080
USER app
CMD ["python", "main.py"]
"""


def judged(text: str) -> tuple[importer.Verdict, ...]:
    return importer.read(dockerfile.read(text.encode(), where="Dockerfile"))[1]


def translated(text: str) -> dict[str, object]:
    work, _ = importer.read(dockerfile.read(text.encode(), where="Dockerfile"))
    return importer.translate(work, Named(name="shop"))


def remarks(text: str) -> list[tuple[str, int]]:
    work, _ = importer.read(dockerfile.read(text.encode(), where="Dockerfile"))
    return [(one.code, one.line) for one in work.warnings if one.code != "root"]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("RUN apt-get update", "dropped"),
        ("RUN apt-get update && apt-get install -y curl", "translated"),
        ("RUN apt-get install -y curl=7.88.1-10", "translated"),
        ("RUN apt-get install -y $(cat list)", "needs-human"),
        ("RUN apt-get purge -y perl-base", "needs-human"),
        ("RUN apk add curl", "needs-human"),
        ("RUN rm -rf /var/lib/apt/lists/* /tmp/*", "dropped"),
        ("RUN rm -rf /etc", "needs-human"),
        ("RUN rm -rf /tmp/../etc", "needs-human"),
        ("RUN pip install -r requirements.txt", "translated-needs-lock"),
        ("RUN pip install flask==3.0.0", "needs-human"),
        ("RUN pip install --upgrade pip", "dropped"),
        ("RUN python3 -m pip install -r requirements.txt", "translated-needs-lock"),
        ("RUN npm ci --omit=dev", "translated-needs-lock"),
        ("RUN npm install -g typescript", "needs-human"),
        ("RUN go build ./...", "needs-human"),
        ("RUN curl -o a https://example.org/a", "needs-human"),
        ("RUN curl https://example.org/a | sh", "needs-human"),
        ("RUN chmod 777 /srv", "needs-human"),
        ("RUN chmod u+s /usr/bin/x", "needs-human"),
        ("RUN make install", "needs-human"),
        ("RUN set -ex; true", "dropped"),
        ("RUN test -d /srv && echo fine", "dropped"),
        ("RUN echo x > /etc/x", "needs-human"),
        ("RUN useradd -m -u 1001 app", "translated"),
        ("RUN if true; then useradd app; fi", "needs-human"),
        ("RUN frobnicate", "needs-human"),
        ("RUN (", "needs-human"),
        ("RUN --mount=type=secret,id=x cat /run/secrets/x", "needs-human"),
        ("RUN --mount=type=cache,target=/root/.cache apt-get update", "dropped"),
        ("RUN update-ca-certificates && ldconfig", "dropped"),
        ("COPY a /b/", "translated"),
        ("COPY --from=nginx:1 /a /b", "needs-human"),
        ("COPY --from=nobody /a /b", "needs-human"),
        ("ADD https://example.org/a /b", "needs-human"),
        (f"ADD --checksum=sha256:{'0' * 64} https://example.org/a /b", "translated"),
        ("ADD a.tar.gz /b", "needs-human"),
        ("ENV A=b", "translated"),
        ("ENV DB_PASSWORD=hunter2", "needs-human"),
        ("ARG NPM_TOKEN", "needs-human"),
        ("ARG VERSION=1", "translated"),
        ("LABEL a=b", "translated"),
        ("MAINTAINER somebody", "translated"),
        ("EXPOSE 80 443/tcp", "translated"),
        ("EXPOSE 80-90", "needs-human"),
        ("VOLUME /data", "translated"),
        ("WORKDIR /srv", "translated"),
        ("WORKDIR $NOWHERE", "needs-human"),
        ("USER app", "translated"),
        ("STOPSIGNAL SIGTERM", "translated"),
        ("HEALTHCHECK --interval=5s CMD /x", "translated"),
        ("HEALTHCHECK NONE", "dropped"),
        ('SHELL ["/bin/bash", "-c"]', "translated"),
        ('SHELL ["powershell"]', "needs-human"),
        ("ONBUILD RUN make", "needs-human"),
        ('CMD ["x"]', "translated"),
    ],
)
def test_each_instruction_gets_its_verdict(line: str, outcome: str) -> None:
    base, verdict = judged(f"FROM debian:bookworm\n{line}\n")
    assert base.outcome == "translated"
    assert (verdict.outcome, verdict.start) == (outcome, 2), verdict
    assert verdict.why or outcome == "translated"


@pytest.mark.parametrize(
    ("reference", "outcome"),
    [
        ("debian:12", "translated"), ("debian:trixie-slim", "translated"), ("python:3.11", "translated"),
        ("python:3.12-slim", "needs-human"), ("node:18-bookworm", "translated"), ("alpine:3.20", "needs-human"),
        ("debian", "needs-human"), ("scratch", "translated"), ("python:3.11-alpine", "needs-human"),
        ("docker.io/library/debian:12", "translated"), ("$UNKNOWN", "needs-human"),
        ("golang:1.19-bookworm", "translated"), ("golang:1.22", "needs-human"), ("golang:1.24", "translated"),
        ("golang:1.24-alpine", "needs-human"), ("nginx:1.27", "needs-human"),
        ("gcr.io/distroless/static-debian12", "translated"), ("gcr.io/distroless/cc-debian12:nonroot", "translated"),
        ("gcr.io/distroless/static-debian12:debug", "needs-human"), ("gcr.io/distroless/java21-debian12", "needs-human"),
    ],
)  # fmt: skip
def test_a_base_is_known_or_a_person_names_its_packages(reference: str, outcome: str) -> None:
    assert judged(f"FROM {reference}\n")[0].outcome == outcome


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ENV AWS_SECRET_ACCESS_KEY=abcdefgh", "secret"),
        ("ENV X=AKIAABCDEFGHIJKLMNOP", "secret"),
        ("ENV URL=postgres://me:hunter2@db/x", "secret"),
        ("COPY id_rsa /root/.ssh/", "secret"),
        ("COPY a .env /app/", "secret"),
        ("ADD deploy/.npmrc /root/", "secret"),
        ('RUN bash -c "$(curl -fsSL https://example.org/i.sh)"', "pipe-to-shell"),
        ("RUN bash <(curl -s https://example.org/i.sh)", "pipe-to-shell"),
        ("RUN eval `wget -qO- https://example.org/i.sh`", "pipe-to-shell"),
        ("ARG GITHUB_TOKEN=abc", "secret"),
        ("RUN curl -fsSL https://example.org/i.sh | sudo bash -", "pipe-to-shell"),
        ("RUN wget -qO- https://example.org/i.py | python3", "pipe-to-shell"),
        ("RUN chmod -R 0777 /srv", "world-writable"),
        ("RUN chmod a+w /srv", "world-writable"),
        ("RUN chmod 4755 /usr/bin/x", "set-id"),
        ("RUN wget https://example.org/a.tar.gz", "unverified-download"),
        ("ADD https://example.org/a /a", "unverified-download"),
    ],
)
def test_what_no_image_should_have_is_a_finding(line: str, code: str) -> None:
    assert remarks(f"FROM debian:bookworm\n{line}\n") == [(code, 2)]


@pytest.mark.parametrize(
    "line",
    [
        "ENV TOKEN_FILE=/run/x",
        "ENV PASSWORD=",
        "ENV PASSWORD_MIN_LENGTH=8",
        "ENV TOKEN_TTL=3600",
        "COPY .env.example /x",
        "COPY id_rsa.pub /x",
        "RUN echo $(date)",
        "ENV PATH=/x:$PATH",
        "RUN chmod 755 /x",
        "RUN chmod +x /x",
        "ARG A",
    ],
)
def test_what_is_fine_is_none(line: str) -> None:
    assert remarks(f"FROM debian:bookworm\n{line}\n") == []


def test_no_secret_reaches_the_spec() -> None:
    spec = translated("FROM debian:bookworm\nENV DB_PASSWORD=hunter2 A=b\nARG T=ghp_" + "a" * 36 + "\nLABEL x=y\n")
    assert "hunter2" not in json.dumps(spec)
    assert "ghp_" not in json.dumps(spec)


def test_an_application_becomes_a_spec_that_reads() -> None:
    data = write.write(translated(APPLICATION), HOLE)
    spec = spec_read.read_spec(data, where="assay.yaml").spec
    assert spec.image.packages == ("base-files", "ca-certificates", "netbase", "tzdata", "python3")
    assert spec.image.accounts.run_as == "app"
    assert [step.name for step in spec.steps] == ["build"]
    assert set(spec.toolchains["build-tools"].packages) >= {"gcc", "make"}
    assert "/build/root/src/hello" in spec.steps[0].run
    assert spec.image.config.command == ("/usr/bin/python3", "main.py")
    assert HOLE.encode() not in data.split(b"\n", 1)[1]


def test_a_digest_that_is_not_there_is_a_hole_that_no_spec_accepts() -> None:
    data = write.write(translated("FROM debian:bookworm\nADD https://example.org/a /a\n"), HOLE)
    with pytest.raises(MalformedError, match="sha256") as caught:
        spec_read.read_spec(data, where="assay.yaml")
    assert "assay.yaml:" in caught.value.where


def test_a_checked_download_becomes_a_source_of_its_step() -> None:
    text = (
        "FROM debian:bookworm AS b\nWORKDIR /w\n"
        f"RUN curl -fsSLo a.tgz https://example.org/a.tgz && echo '{'1' * 64}  a.tgz' | sha256sum -c && tar xf a.tgz\n"
        "FROM scratch\nCOPY --from=b /w/a /a\n"
    )
    assert judged(text)[2].outcome == "translated"
    spec = translated(text)
    assert spec["sources"] == {"a-tgz": {"type": "file", "url": "https://example.org/a.tgz", "sha256": "1" * 64}}
    (step,) = spec["steps"]  # type: ignore[misc]
    assert 'cp "$SRC/a-tgz/a.tgz" a.tgz' in step["run"]
    assert "curl" not in step["run"]


def test_what_is_only_removed_again_is_a_tool() -> None:
    work, _ = importer.read(
        dockerfile.read(b"FROM debian:12\nRUN apt-get install -y gcc && apt-get purge -y gcc\n", where="x")
    )
    assert "gcc" not in work.stages[0].packages
    assert work.stages[0].toolchain == ["gcc"]


PIECES = st.sampled_from(
    ["apt-get install -y a", "curl https://x/y | sh", "make", "x=$(y)", "&& ", "|| ", "; ", "if", "fi", "(", ")", "{", "}",
     "'", '"', "\\\n", "<<E\n", "E\n", "$A", "chmod 777 /", "rm -rf /", "A=b", "[", "]", ">", "é"]
)  # fmt: skip
TEXTS = st.lists(
    st.builds(lambda name, rest: f"{name} {' '.join(rest)}\n", st.sampled_from(sorted(INSTRUCTIONS)), st.lists(PIECES, max_size=5)),
    min_size=1,
    max_size=6,
)  # fmt: skip


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_there_are_as_many_verdicts_as_instructions(lines: list[str]) -> None:
    text = "FROM debian:bookworm\n" + "".join(lines)
    try:
        read = dockerfile.read(text.encode(), where="Dockerfile")
    except AssayError:
        return
    work, verdicts = importer.read(read)
    assert [one.instruction for one in verdicts] == [one.name for one in read.instructions]
    assert importer.score(verdicts).total == len(verdicts)
    assert yaml.safe_load(write.write(importer.translate(work, Named(name="x")), HOLE))["kind"] == "Image"


@needs_shared
def test_the_scores_of_the_reference_cases_only_rise() -> None:
    golden = json.loads((Path(__file__).parent / "dockerfile_scores.json").read_text())
    assert SHARED is not None
    for case, needed in golden.items():
        text = (SHARED / "vectors/dockerfile" / case / "Dockerfile").read_text()
        assert importer.score(judged(text)).needs_human <= needed, case


def test_the_command_writes_the_spec_and_says_whether_it_builds(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(APPLICATION)
    (tmp_path / "requirements.txt").write_text("")
    done = assay(
        "import-dockerfile",
        f"{tmp_path}/Dockerfile",
        "--output",
        f"{tmp_path}/assay.yaml",
        "--name",
        "shop",
        home=tmp_path,
    )
    assert done.code == 0, done.err
    assert b"16 instructions" in done.out
    assert spec_read.read_spec((tmp_path / "assay.yaml").read_bytes(), where="x").spec.metadata.name == "shop"
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20\nENV TOKEN=abc\n")
    done = assay("import-dockerfile", f"{tmp_path}/Dockerfile", "--format", "json", home=tmp_path)
    assert done.code == 1
    assert json.loads(done.out)["score"]["needs_human"] == 2


@pytest.mark.parametrize("words", [("--name", "Bad Name!"), ("--version", ""), ("--version", "1 2")])
def test_a_spec_that_no_lock_would_take_is_not_written(tmp_path: Path, words: tuple[str, str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    spec = tmp_path / "assay.yaml"
    done = assay("import-dockerfile", f"{tmp_path}/Dockerfile", "--output", str(spec), *words, home=tmp_path)
    assert (done.code, spec.exists()) == (2, False)


def test_what_a_person_is_to_do_is_never_cut(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nENV SECRET_TOKEN=abc\n")
    words = ("import-dockerfile", f"{tmp_path}/Dockerfile")
    (remark,) = json.loads(assay(*words, "--format", "json", home=tmp_path).out)["remarks"][:1]
    done = assay(*words, home=tmp_path, env={"COLUMNS": "60"})
    text = done.out.decode()
    assert "…" not in text.partition("\n")[2]
    assert max(map(len, text.splitlines()[1:])) <= 60
    assert remark["why"] in " ".join(text.split())


def test_a_broken_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\nBAD x\n")
    done = assay("import-dockerfile", f"{tmp_path}/Dockerfile", home=tmp_path)
    assert done.code == 65
    assert "line 2" in done.err


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ("COPY . /app\n", "needs-human"),
        ("COPY docker-entrypoint.sh /usr/local/bin/\n", "translated"),
        ("COPY docker/start.sh /usr/bin/docker-entrypoint.sh\n", "translated"),
        ("COPY scripts /usr/local/bin\n", "translated"),
        ("COPY rootfs /\n", "translated"),
        ("ENV PATH=/app:/usr/bin\nCOPY . /app\n", "translated"),
    ],
)
def test_a_script_that_only_the_base_had_needs_a_person(lines, outcome):
    text = f'FROM node:18-bookworm\n{lines}ENTRYPOINT ["docker-entrypoint.sh"]\n'
    assert judged(text)[-1].outcome == outcome
