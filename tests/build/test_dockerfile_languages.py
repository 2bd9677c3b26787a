"""Dockerfiles in the style of the well-known ones, with Python, Node.js and Go: what becomes of what their package
managers install, in the image and in the stages before it.
"""

import json
import shutil
import subprocess

import pytest

from assay.build import dockerfile as importer
from assay.build import spec_read
from assay.build.dockerfile import write
from assay.build.dockerfile.copies import HOLE, Context
from assay.formats import dockerfile


def imported(text, files=()):
    kinds = {name: "directory" if name.endswith("/") else "file" for name in files}
    context = Context(
        kind=lambda path: kinds.get(path) or kinds.get(f"{path}/") or ("directory" if path == "." else None),
        names=lambda pattern: tuple(n for n in sorted(kinds) if n.startswith(pattern.partition("*")[0])),
    )
    work, verdicts = importer.read(dockerfile.read(text.encode(), where="Dockerfile"))
    data = write.write(importer.translate(work, importer.Named(name="x", files=context)), HOLE)
    assert not [one for one in verdicts if one.outcome == "needs-human"], verdicts
    return spec_read.read_spec(data, where="assay.yaml").spec


NODE = """FROM node:18-bookworm-slim AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY . .
RUN npm run build && npm test

FROM node:18-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package*.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY --from=build /app/dist ./dist
USER node
CMD ["node", "dist/index.js"]
"""
FILES = ("package.json", "package-lock.json", "requirements.txt", "app.py", "go.mod", "go.sum", "cmd/")


def test_a_stage_of_node_has_its_packages_and_runs_scripts_without_npm():
    spec = imported(NODE, FILES)
    assert {name: one.dev for name, one in spec.dependencies.items()} == {"web": False, "web-build": True}
    (step,) = spec.steps
    assert step.inputs == ("sources.context", "dependencies.web-build")
    assert '"$SRC"/web-build/. /build/root/app/node_modules/' in step.run
    assert "npm run build && npm test" in step.run
    assert "npm() {" in step.run
    assert [(item.from_, item.to) for item in spec.image.install][:1] == [("dependencies.web", "/app/node_modules")]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed here")
def test_scripts_run_as_npm_runs_them(tmp_path):
    from importlib import import_module

    shim = import_module("assay.build.dockerfile.translate")._NPM
    scripts = {"prebuild": "echo before $#", "build": "echo main", "postbuild": "tool", "test": "exit 3"}
    (tmp_path / "package.json").write_text(json.dumps({"scripts": scripts}))
    (tmp_path / "node_modules" / ".bin").mkdir(parents=True)
    (tmp_path / "node_modules" / ".bin" / "tool").write_text("#!/bin/sh\necho tool\n")
    (tmp_path / "node_modules" / ".bin" / "tool").chmod(0o755)

    def run(line):
        done = subprocess.run(["sh", "-eu", "-c", f"{shim}\n{line}"], cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout.split("\n")[:-1]

    assert run("npm run build -- --prod 'a  b'") == (0, ["before 0", "main --prod a  b", "tool"])
    assert run("npm test")[0] == 3
    assert run("npm run nothing")[0] == 1
    assert run("npm install x")[0] == 1


def test_modules_copied_from_a_stage_are_dependencies_of_the_image():
    text = NODE.replace("COPY package*.json ./\nRUN npm ci --omit=dev && npm cache clean --force\n", "")
    spec = imported(text.replace("USER node", "COPY --from=build /app/node_modules ./node_modules\nUSER node"), FILES)
    web = next(item for item in spec.image.install if item.from_ == "dependencies.web")
    assert (web.to, spec.dependencies["web"].dev) == ("/app/node_modules", True)


PYTHON = """FROM python:3.11-slim AS builder
RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*
{make}
COPY requirements.txt .
RUN pip install {options} -r requirements.txt

FROM python:3.11-slim
COPY --from=builder {place} {to}
COPY app.py /app/
CMD {command}
"""


@pytest.mark.parametrize(
    ("make", "options", "place", "to", "command", "first"),
    [
        ("RUN python -m venv /opt/venv", "", "/opt/venv", "/opt/venv", '["/opt/venv/bin/python", "x"]', "/usr/bin/python3"),
        ("RUN python3 -m venv /v", "", "/v", "/v", '["/v/bin/gunicorn"]', "/usr/local/lib/python3.11/dist-packages/bin/gunicorn"),
        ("", "--prefix=/install", "/install", "/usr/local", '["python", "x"]', "/usr/bin/python3"),
        ("", "--prefix /install", "/install/", "/usr/local", '["gunicorn"]', "gunicorn"),
        ("", "--user", "/root/.local", "/home/app/.local", '["python3", "x"]', "/usr/bin/python3"),
        ("", "--target /deps", "/deps", "/deps", '["python3", "x"]', "/usr/bin/python3"),
        ("", "", "/usr/local/lib/python3.11/site-packages", "/usr/local/lib/python3.11/site-packages", '["python", "x"]', "/usr/bin/python3"),
    ],
)  # fmt: skip
def test_what_pip_installed_in_a_stage_is_a_dependency_of_the_image(make, options, place, to, command, first):
    text = PYTHON.format(make=make, options=options, place=place, to=to, command=command)
    spec = imported(text, FILES)
    assert spec.steps == ()
    assert spec.dependencies["py"].native == "wheels"
    assert ("dependencies.py", "/usr/local/lib/python3.11/dist-packages") in [
        (item.from_, item.to) for item in spec.image.install
    ]
    assert spec.image.config.command[0] == first
    assert spec.image.config.env["PATH"].startswith("/usr/local/lib/python3.11/dist-packages/bin:")


def test_packages_of_a_stage_that_builds_are_its_own():
    text = (
        "FROM python:3.11 AS docs\nWORKDIR /d\nCOPY . .\nRUN pip install -r requirements.txt && python make.py\n"
        "FROM scratch\nCOPY --from=docs /d/html /html\n"
    )
    (step,) = imported(text, FILES).steps
    assert step.inputs == ("sources.context", "dependencies.py-docs")
    assert 'PYTHONPATH="$SRC/py-docs:' in step.run
    assert ": && python make.py" in step.run, "no step has pip"


GO = """FROM golang:1.19-bookworm AS builder
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -o /out/server ./cmd/server

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=builder /out/server /server
ENTRYPOINT ["/server"]
"""


def test_a_go_program_for_a_distroless_image():
    spec = imported(GO, FILES)
    (step,) = spec.steps
    assert spec.dependencies["modules-builder"].file == "go.sum"
    assert 'GOPROXY="file://$SRC/modules-builder"' in step.run
    assert "go mod download" not in step.run
    assert step.env["GOSUMDB"] == "off"
    assert spec.image.packages == ("base-files", "ca-certificates", "netbase", "tzdata")
    assert (spec.image.accounts.run_as, spec.image.accounts.users[0].uid) == ("nonroot", 65532)


def test_a_go_program_without_modules_asks_nobody():
    spec = imported(GO.replace(" go.sum", ""), ("go.mod", "cmd/"))
    assert spec.dependencies == {}
    assert 'GOPROXY="off"' in spec.steps[0].run


def test_what_the_spec_does_elsewhere_leaves_a_step_alone():
    text = (
        "FROM debian:12 AS b\nWORKDIR /w\nCOPY . .\n"
        "RUN set -e; apt-get update && apt-get install -y gcc && make && rm -rf /var/lib/apt/lists/*\n"
        "FROM scratch\nCOPY --from=b /w/x /x\n"
    )
    (step,) = imported(text, ("x.c",)).steps
    assert "set -e; : && : && make && :" in step.run
