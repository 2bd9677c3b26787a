"""`scan --ask-indexes` against an index on loopback; without the flag nobody is asked."""

import json
from pathlib import Path

from command import assay
from webfiles import running


def tree(folder: Path) -> Path:
    place = folder / "root/usr/lib/python3/site-packages/bad-1.0.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    return folder / "root"


def test_a_yanked_version_is_told_with_the_day_in_every_form(tmp_path: Path) -> None:
    target = f"rootfs:{tree(tmp_path)}"
    with running() as web:
        files = [{"filename": "bad-1.0.tar.gz", "yanked": "it was <b>broken</b>"}]
        web.files["/simple/bad/"] = json.dumps({"files": files}).encode()
        env = {"PIP_INDEX_URL": f"{web.url}/simple", "ASSAY_CACHE": str(tmp_path / "cache")}
        plain = assay("scan", target, "--no-policy", "-q", "-o", "json", home=tmp_path, env=env)
        assert (json.loads(plain.out)["indexes"], json.loads(plain.out)["suspicions"], web.asked) == ([], [], [])
        out = {form: tmp_path / form for form in ("json", "table", "html", "markdown")}
        words = [word for form, path in out.items() for word in ("-o", f"{form}={path}")]
        done = assay("scan", target, "--no-policy", "-q", "--ask-indexes", *words, home=tmp_path, env=env)
        assert done.code == 0, done.err
        assert len(web.asked) == 1
    report = json.loads(out["json"].read_text())
    (state,) = report["indexes"]
    assert (state["ecosystem"], state["packages_count"], state["withdrawn_count"]) == ("pypi", 1, 1)
    assert report["findings"] == []
    assert report["suspicions"][0]["clues"][0]["says"].startswith(
        "was yanked by its publisher: it was <b>broken</b> (its index"
    )
    for form in ("table", "html", "markdown"):
        text = out[form].read_text()
        assert "1 of 1 packages yanked or deprecated" in text
        assert ("<b>broken" in text) == (form == "table")
