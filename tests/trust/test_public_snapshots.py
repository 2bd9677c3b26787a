"""The shipped snapshots of public trust are what the notice beside them says, and can be read."""

import hashlib
import re

import pytest

from assay.bootstrap import public
from assay.formats import signingconfig
from assay.trust.services import choose

FOLDER = public.shipped_folder(False).parent


def test_the_notice_names_every_file_with_its_digest():
    said = dict(re.findall(r"`([a-z_/]+\.json)` \| `([0-9a-f]{64})`", (FOLDER / "NOTICE.md").read_text()))
    found = {
        str(path.relative_to(FOLDER)): hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*/*")
    }
    assert said == found
    assert "Apache-2.0" in (FOLDER / "NOTICE.md").read_text()
    assert public.SNAPSHOT in (FOLDER / "NOTICE.md").read_text()
    assert "Apache License" in (FOLDER / "LICENSE").read_text()


@pytest.mark.parametrize(("staging", "version"), [(False, 1), (True, 2)])
def test_they_hold_an_installation_to_sign_at_and_to_verify_by(staging, version, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    root = public.trusted_root(staging=staging)
    assert root.tlogs
    assert root.ctlogs
    assert root.certificate_authorities
    assert root.timestamp_authorities
    name, data = public.public_file(public.SIGNING_CONFIG, None, staging)
    chosen = choose(signingconfig.read(data, where=name), f"{public.SNAPSHOT}T00:00:00Z")
    assert chosen.log.major_api_version == version
    assert len(chosen.timestamps) == 1
