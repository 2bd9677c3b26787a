"""Dockerfiles that are taken over without a person's help: locked, built and run, by the machine's own mirrors."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from command import assay

pytestmark = pytest.mark.interop
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
C = """\
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y gcc libc6-dev make
WORKDIR /build
COPY Makefile ./
COPY src src/
RUN make && mkdir -p /out/share && cp hello /out/ && echo data > /out/share/data.txt

FROM debian:12-slim
COPY --from=build /build/hello /usr/local/bin/
COPY --from=build /out/share /opt/share
COPY --from=build /out/hello /opt/greet
USER nobody
ENTRYPOINT ["/usr/local/bin/hello"]
"""
PYTHON = """\
FROM python:3.11-slim-bookworm
WORKDIR /app
COPY requirements*.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
RUN groupadd -g 2000 web && useradd -u 2001 -g 2000 -m app
COPY --chown=app:web . .
USER app
CMD ["python", "main.py"]
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One for all, so that packages come once."""
    return str(tmp_path_factory.mktemp("store"))


@pytest.fixture
def debian(tmp_path):
    for program in ("apt-get", "gpgv", "bwrap"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here")
    if not KEYRING.exists():
        pytest.skip("the keyring of Debian's archive is not here")
    return tmp_path


def built(folder, store, dockerfile, files, tests):
    """Take it over, add tests, lock, build; the tests run in the finished image."""
    kept = {
        name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    env = {**kept, "SOURCE_DATE_EPOCH": str(int(time.time()))}  # what mirrors sign is not older than today
    for name, text in {"Dockerfile": dockerfile, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    at = ("--store", store)
    done = assay("import-dockerfile", f"{folder}/Dockerfile", "--output", f"{folder}/assay.yaml", home=folder)
    assert done.code == 0, done.out.decode()
    spec = yaml.safe_load((folder / "assay.yaml").read_text())
    spec["image"]["tests"] = [{"name": f"t{number}", "run": words} for number, words in enumerate(tests)]
    (folder / "assay.yaml").write_text(yaml.safe_dump(spec))
    done = assay("lock", f"{folder}/assay.yaml", *at, home=folder, env=env)
    if done.code == 75:
        pytest.skip(f"no packages from here: {done.err[:300]}")
    assert done.code == 0, done.err
    done = assay("build", f"{folder}/assay.yaml", *at, "--output", f"oci-dir:{folder}/out", home=folder, env=env)
    assert done.code == 0, done.err
    return spec


def test_a_program_in_two_stages(debian, store):
    makefile = "hello: src/hello.c\n\t$(CC) -O2 -o hello src/hello.c\n"
    source = '#include <stdio.h>\nint main(void) { puts("hello"); return !fopen("/opt/share/data.txt", "r"); }\n'
    tests = [["/usr/local/bin/hello"], ["/opt/greet"]]
    built(debian / "c", store, C, {"Makefile": makefile, "src/hello.c": source}, tests)


def test_an_application_with_hashed_requirements(debian, store):
    wheels = debian / "wheels"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", wheels, "idna==3.7"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"pip reaches nothing from here: {done.stderr[-200:]}")
    digest = hashlib.sha256(next(wheels.iterdir()).read_bytes()).hexdigest()
    main = "import idna, os; assert idna.encode('é.example'); assert os.path.isfile('/app/main.py')\n"
    files = {"requirements.txt": f"idna==3.7 --hash=sha256:{digest}\n", "main.py": main}
    spec = built(debian / "py", store, PYTHON, files, [["/usr/bin/python3", "/app/main.py"]])
    assert spec["image"]["accounts"]["users"][0] == {"name": "app", "uid": 2001, "gid": 2000, "home": "/home/app"}
