"""`assay doctor` without an image: what this machine can build, and how well it seals."""

import json
import os

import pytest

from assay.build.programs import PROGRAMS
from buildroot import has_bubblewrap
from command import assay


@has_bubblewrap
def test_every_program_and_every_way_out_has_a_line(tmp_path):
    done = assay("doctor", "--json", home=tmp_path)
    found = json.loads(done.out)
    assert [one["name"] for one in found["programs"]] == [row.name for row in PROGRAMS]
    bwrap = found["programs"][0]
    assert (bwrap["found"], bwrap["hint"]) == (True, "")
    assert bwrap["version"].startswith("bubblewrap")
    assert done.code == (0 if found["level"] == "sealed" else 1)
    text = assay("doctor", home=tmp_path).out.decode()
    assert f"isolation   {found['level']}" in text
    assert all(row.enables in text for row in PROGRAMS)


def test_a_machine_without_any_of_them_says_what_is_missing_and_tries_its_own_launcher(tmp_path):
    done = assay("doctor", home=tmp_path, env={"PATH": str(tmp_path)})
    text = done.out.decode()
    assert "apt-get install bubblewrap" in text
    found = json.loads(assay("doctor", "-o", "json", home=tmp_path, env={"PATH": str(tmp_path)}).out)
    assert done.code == (0 if found["level"] == "sealed" else 1)
    if found["isolation"] is None:  # where user namespaces are off
        assert "isolation   none: " in text
    else:
        assert f"isolation   {found['level']} by unshare" in text
    assert not any(one["found"] for one in found["programs"] if one["name"] != "libfaketime"), "a library is on no PATH"


@pytest.mark.parametrize(
    ("script", "level"),
    [
        ("#!/bin/sh\necho bubblewrap 9.9\nexec /bin/false", "none"),
        ("#!/bin/sh\necho 'bwrap: No permissions to create new namespace: not permitted' >&2\nexit 1", "none"),
    ],
)
def test_a_sandbox_that_does_not_work_is_not_believed_by_its_name(tmp_path, script, level):
    program = tmp_path / "bwrap"
    program.write_text(script)
    program.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if str(folder).startswith("/tmp/") and folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    done = assay("doctor", "--json", home=tmp_path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert (done.code, json.loads(done.out)["level"]) == (1, level)
