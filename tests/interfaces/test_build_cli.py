"""`assay lock`, `assay build`, `assay store` as a person types them."""

import hashlib
import json
import os
import shutil
import sys

import pytest

from command import assay
from fileexample import copied, typed_in


@pytest.fixture
def project(tmp_path):
    return copied(tmp_path)


@pytest.fixture
def run(project, monkeypatch, capsys):
    return typed_in(project, monkeypatch, capsys)


def built(run, name="out"):
    done = run("build", "assay.yaml", "--output", f"oci-dir:../{name}")
    assert done.code == 0, done.err
    return done.out.decode().strip()


def test_the_example_builds_twice_alike_and_is_scanned(project, run):
    done = run("lock", "assay.yaml")
    assert (done.code, done.out) == (0, b"")
    assert "1 inputs are locked in assay.lock.json" in done.err
    digest = built(run)
    assert built(run, "other") == digest
    sbom = run("sbom", "oci-dir:../out")
    assert sbom.code == 0
    assert digest.encode() in sbom.out
    checked = run("lock", "assay.yaml", "--check")
    assert (checked.code, checked.out) == (0, b"")
    assert "1 inputs are as locked in assay.lock.json" in checked.err


def test_the_same_bytes_under_other_conditions(project, run):
    """Brief B2: same spec, lock and store; another time zone, locale, hash seed, clock, umask, optimisation."""
    assert run("lock", "assay.yaml").code == 0
    digest = built(run)
    lock = (project / "assay.lock.json").read_bytes()
    env = {
        "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "4711", "PYTHONOPTIMIZE": "2",
        "SOURCE_DATE_EPOCH": "1",
    }  # fmt: skip
    before = os.umask(0o077)
    try:
        (project / "assay.lock.json").unlink()
        assert assay("lock", "assay.yaml", home=project.parent, env=env, cwd=project).code == 0
        assert (project / "assay.lock.json").read_bytes() == lock
        done = assay("build", "assay.yaml", "--output", "oci-dir:../b", home=project.parent, env=env, cwd=project)
        assert done.out.decode().strip() == digest
    finally:
        os.umask(before)
    names = [{p.name: p.read_bytes() for p in (project.parent / out).rglob("*") if p.is_file()} for out in ("out", "b")]
    assert names[0] == names[1]


def test_a_key_that_is_not_there_is_told_before_anything_is_built(project, run):
    assert run("lock", "assay.yaml").code == 0
    done = run("build", "assay.yaml", "--output", "oci-dir:../out", "--key", "gone.pem")
    assert (done.code, done.out) == (75, b"")
    assert "gone.pem" in done.err
    assert not (project.parent / "out").exists()


def test_a_folder_that_changed_since_it_was_locked_is_told(project, run):
    assert run("lock", "assay.yaml").code == 0
    digest = built(run)
    (project / "site" / "index.html").write_text("other")
    done = run("build", "assay.yaml", "--output", "oci-dir:../again")
    assert done.out.decode().strip() == digest
    assert "source site: its folder has changed" in done.err
    shutil.rmtree(project / "site")
    done = run("build", "assay.yaml", "--output", "oci-dir:../gone")
    assert (done.out.decode().strip(), "warning" in done.err) == (digest, False)


def test_no_lock_no_build(project, run):
    done = run("build", "assay.yaml", "--output", "oci-dir:../out")
    assert done.code == 2
    assert "assay lock assay.yaml" in done.err
    assert not (project.parent / "out").exists()


def test_a_changed_spec_needs_a_new_lock(project, run):
    assert run("lock", "assay.yaml").code == 0
    text = (project / "assay.yaml").read_text()
    (project / "assay.yaml").write_text(text.replace("8080", "8081"))
    done = run("build", "assay.yaml", "--output", "oci-dir:../out")
    assert done.code == 3
    assert "the lock is not this spec's" in done.err
    check = run("lock", "assay.yaml", "--check")
    assert check.code == 1
    assert b"changed lock spec sha256:" in check.out
    (project / "assay.yaml").write_text(text + "# only a comment\n")
    assert built(run)


def test_check_names_what_changed_and_writes_nothing(project, run):
    first = run("lock", "assay.yaml", "--check")
    assert (first.code, b"there is no lock" in first.out) == (1, True)
    assert not (project / "assay.lock.json").exists()
    assert run("lock", "assay.yaml").code == 0
    before = (project / "assay.lock.json").read_bytes()
    (project / "site" / "index.html").write_text("new")
    done = run("lock", "assay.yaml", "--check")
    assert done.code == 1
    assert b"changed source site content sha256:" in done.out
    assert (project / "assay.lock.json").read_bytes() == before
    update = run("lock", "assay.yaml", "--update", "site")
    assert (update.code, b"changed source site content" in update.out) == (0, True)
    assert (project / "assay.lock.json").read_bytes() != before


def test_an_error_in_the_spec_has_line_and_column(project, run):
    text = (project / "assay.yaml").read_text()
    (project / "assay.yaml").write_text(text.replace("run-as: web", "run-as: wep"))
    line = text[: text.index("run-as")].count("\n") + 1
    for words in (("lock", "assay.yaml"), ("build", "assay.yaml", "--output", "oci-dir:x")):
        done = run(*words)
        assert done.code == 65
        assert f"assay.yaml:{line}:13 image.accounts.run-as" in done.err
        assert "known: root, web" in done.err


def test_lint_is_told_and_quiet_when_asked(project, run):
    text = (project / "assay.yaml").read_text()
    (project / "assay.yaml").write_text(text.replace("run-as: web", "run-as: root"))
    assert "spec.runs-as-root" in run("lock", "assay.yaml").err
    assert run("lock", "assay.yaml", "-q").err == ""


def test_the_store_is_cleaned_moved_and_looked_through(project, run):
    assert run("lock", "assay.yaml", "--store", "../one").code == 0
    (project / "site" / "index.html").write_text("new")
    assert run("lock", "assay.yaml", "--store", "../one").code == 0
    assert run("store", "verify", "--store", "../one").out == b"2 blobs are well, 0 are not\n"
    dry = run("store", "gc", "assay.lock.json", "--dry-run", "--store", "../one")
    assert (dry.code, dry.out.startswith(b"would remove sha256:")) == (0, True)
    assert b"1 blobs" in run("store", "gc", "assay.lock.json", "--store", "../one").out
    done = run("store", "export", "assay.lock.json", "--output", "oci-dir:../moved", "--store", "../one")
    assert done.code == 0, done.err
    assert run("store", "import", "oci-dir:../moved", "--store", "../two").out == done.out
    assert run("build", "assay.yaml", "--store", "../two", "--output", "oci-dir:../out").code == 0
    (blob,) = (project.parent / "two" / "blobs" / "sha256").iterdir()
    blob.chmod(0o644)
    blob.write_bytes(b"rotten")
    verify = run("store", "verify", "assay.lock.json", "--store", "../two")
    assert (verify.code, blob.name.encode() in verify.out) == (3, True)
    build = run("build", "assay.yaml", "--store", "../two", "--output", "oci-dir:../never")
    assert (build.code, blob.name in build.err) == (3, True)
    assert not (project.parent / "never").exists()


def test_a_build_without_its_store_names_the_way_on(project, run):
    assert run("lock", "assay.yaml", "--store", "../one").code == 0
    done = run("build", "assay.yaml", "--store", "../empty", "--output", "oci-dir:../out")
    assert done.code == 75
    assert "not in the content store" in done.err


def test_fetch_brings_what_a_lock_pins(project, run):
    (project / "motd").write_text("moin")
    spec = (project / "assay.yaml").read_text()
    digest = hashlib.sha256(b"moin").hexdigest()
    source = f"sources:\n  motd: {{type: file, path: motd, sha256: {digest}}}\n"
    (project / "assay.yaml").write_text(spec.replace("sources:\n", source))
    assert run("lock", "assay.yaml", "--store", "../one").code == 0
    done = run("store", "fetch", "assay.lock.json", "--store", "../two")
    assert done.code == 75
    assert b"1 inputs, 4 bytes brought; 0 were there, 1 are missing" in done.out
    again = run("store", "fetch", "assay.lock.json", "--store", "../one")
    assert (again.code, b"2 were there" in again.out) == (0, True)


def test_gc_wants_to_know_what_stays(project, run):
    for words in (("verify",), ("gc", "--everything"), ("export", "--output", "oci-dir:../empty")):
        mistyped = run("store", *words, "--store", "../onne")
        assert (mistyped.code, mistyped.out) == (2, b""), "nothing is well in a store that is not there"
    assert run("store", "gc").code == 2
    assert run("store", "gc", "--everything").code == 0


@pytest.mark.parametrize("output", ["x", "oci-archive:x", "oci-dir:", "oci-dir:x:", "oci-dir:x@sha256:" + "0" * 64])
def test_other_places_to_build_into_are_refused(project, run, output):
    assert run("lock", "assay.yaml").code == 0
    done = run("build", "assay.yaml", "--output", output)
    assert done.code == 2
    assert "oci-dir:PATH" in done.err


def test_a_tag_of_ones_own(project, run):
    assert run("lock", "assay.yaml").code == 0
    for name in ("one", "two"):
        assert run("build", "assay.yaml", "--output", f"oci-dir:../out:{name}").code == 0
    index = json.loads((project.parent / "out" / "index.json").read_bytes())
    tags = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in index["manifests"]]
    assert tags == ["one", "two"]


@pytest.mark.skipif(sys.platform != "linux", reason="resource limits of Linux")
def test_a_full_disk_leaves_nothing(project, run):
    import resource
    import subprocess

    (project / "site" / "big").write_bytes(os.urandom(3_000_000))
    assert run("lock", "assay.yaml").code == 0

    def small():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(
        [sys.executable, "-m", "assay", "build", "assay.yaml", "--output", "oci-dir:../out"],
        cwd=project, env={"HOME": str(project.parent), "PATH": os.environ["PATH"]}, preexec_fn=small, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert [p.name for p in project.parent.iterdir() if "out" in p.name] == []


def test_of_several_platforms_the_index_is_signed_too(project, run):
    """It is what a tag names, and what other programs verify first."""
    spec = project / "assay.yaml"
    spec.write_text(spec.read_text() + "platforms: [linux/amd64, linux/arm64]\n")
    assert run("keys", "generate", "k.pem", "--no-passphrase").code == 0
    assert run("lock", "assay.yaml").code == 0
    done = run("build", "assay.yaml", "--output", "oci-dir:../out", "--key", "k.pem")
    assert done.code == 0, done.err
    verified = run("verify", "oci-dir:../out", "--key", "k.pem.pub", "--all-platforms", "-o", "json")
    assert verified.code == 0, verified.err
    index, *images = json.loads(verified.out)
    assert (len(index["rows"]), len(images)) == (1, 2)
    for words, said in (((), True), (("--platform", "linux/arm64"), False), (("--recursive",), False)):
        signed = run("sign", "oci-dir:../out", "--key", "k.pem", *words)
        assert (signed.code, "alone is signed" in signed.err) == (0, said)


@pytest.mark.parametrize("given", ["not a uri", "builder", ":x", "1a:b", "https:", "urn:a\u00e9"])
def test_a_builder_is_named_by_a_uri(project, run, given):
    assert run("lock", "assay.yaml").code == 0
    done = run("build", "assay.yaml", "--output", "oci-dir:../out", "--builder-id", given)
    assert (done.code, (project.parent / "out").exists()) == (2, False)
    assert run("rebuild", "assay.yaml", "--builder-id", given).code == 2


def test_a_rebuild_takes_no_number_it_would_ignore_and_no_spec_that_is_not_there(project, run):
    assert run("lock", "assay.yaml").code == 0
    assert run("rebuild", "assay.yaml", "--times", "0").code == 2
    missing = run("rebuild", "asay.yaml")
    assert (missing.code, "no such file" in missing.err) == (2, True)
