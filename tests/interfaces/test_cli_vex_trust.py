"""VEX beside an image on the command line: a stranger's changes nothing, a trusted signer's counts, and all are listed."""

import json
from pathlib import Path

import pytest

from assay.model.digest import Digest
from command import Done, assay
from fakes.feeds import feeds
from signing import OTHER, P256
from vexplaces import VexImage, document, envelope, pem, trust_row


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder, str(folder / "advisories.db")
        feeds(folder / "feeds")
        assert self.run("db", "build", "--from", str(folder / "feeds"), "--out", self.db).code == 0
        (folder / "vendor.pub").write_text(pem(P256))
        row = '[[vex.trust]]\nname = "vendor"\nkey = "vendor.pub"\nproducts = ["pkg:pypi/*"]\n'
        (folder / "trust.toml").write_text(row)

    def run(self, *words: str, **how: object) -> Done:
        return assay(*words, home=self.folder / "home", **how)  # type: ignore[arg-type]

    def scan(self, target: str, *words: str) -> dict[str, object]:
        done = self.run("scan", target, "--db", self.db, "-q", "--no-policy", "-o", "json", *words)
        assert done.code == 0, done.err
        report = json.loads(done.out)
        assert isinstance(report, dict)
        return report


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


def everything_is_fine(image: VexImage) -> dict[str, object]:
    """The attack: every known vulnerability of this image is said not to affect it."""
    vex = document(str(image.digest))
    more = ("CVE-2023-1111", "CVE-2024-2222", "CVE-2023-3333", "CVE-2024-4444")
    vex["statements"] = [
        document(f"pkg:oci/image@{image.digest}", str(image.digest), vulnerability=name)["statements"][0]
        for name in more
    ]
    return vex


def suppressed(report: dict[str, object]) -> set[str]:
    return {f["id"] for f in report["findings"] if f["suppressed"] is not None}  # type: ignore[attr-defined]


def test_a_stranger_who_says_that_nothing_is_affected_changes_nothing(place: Place, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "image")
    before = place.scan(f"oci-dir:{image.folder}:latest")
    vex = everything_is_fine(image)
    image.cosign3(vex, OTHER)
    image.cosign2(envelope(image.digest, vex, OTHER))
    image.docker(json.dumps({"_type": "https://in-toto.io/Statement/v1"}).encode())
    after = place.scan(f"oci-dir:{image.folder}:latest", "--vex-trust", str(place.folder / "trust.toml"))
    assert after["findings"] == before["findings"]
    assert before["vex_documents"] == []
    documents = after["vex_documents"]
    assert [(d["outcome"], d["applied_count"]) for d in documents] == [("seen", 0)] * 3  # type: ignore[attr-defined]
    assert all(d["why"] for d in documents)  # type: ignore[attr-defined]
    assert place.scan(f"oci-dir:{image.folder}:latest", "--no-vex-discovery")["vex_documents"] == []


def test_a_trusted_signer_counts_within_the_scope(place: Place, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "image")
    vex = document("pkg:pypi/jinja2")
    vex["statements"].append(document("pkg:deb/debian/openssl", vulnerability="CVE-2023-1111")["statements"][0])
    image.cosign3(vex, P256)
    target, trust = f"oci-dir:{image.folder}:latest", str(place.folder / "trust.toml")
    report = place.scan(target, "--vex-trust", trust)
    assert suppressed(report) == {"CVE-2024-2222"}
    (listed,) = report["vex_documents"]  # type: ignore[misc]
    assert (listed["outcome"], listed["signer"], listed["applied_count"]) == ("applied", "vendor", 1)
    done = place.run("scan", target, "--db", place.db, "-q", "--no-policy", env={"ASSAY_VEX_TRUST": trust})
    assert "VEX: 1 document applied (1 statement)" in done.out.decode()
    page = place.run("scan", target, "--db", place.db, "-q", "--no-policy", "-o", "html").out.decode()
    assert "no trust policy names one" in page


def test_a_document_that_speaks_of_nothing_here_is_not_told_as_an_answer(place: Place, tmp_path: Path) -> None:
    image, heard, deaf = VexImage(tmp_path / "image"), tmp_path / "heard.json", tmp_path / "deaf.json"
    heard.write_text(json.dumps(document("pkg:pypi/jinja2")))
    deaf.write_text(json.dumps({**document("pkg:pypi/flask"), "@id": "urn:deaf"}))
    target = f"oci-dir:{image.folder}:latest"

    def told(*files: Path) -> str:
        vex = [word for file in files for word in ("--vex", str(file))]
        done = place.run("scan", target, "--db", place.db, "-q", "--no-policy", "--no-vex-discovery", *vex)
        return " ".join(done.out.decode().split())

    assert "speaks of a finding here" not in told(heard)
    assert "1 document applied (1 statement); nothing of it speaks of a finding here" in told(deaf)
    assert "2 documents applied (2 statements); nothing of 1 of them speaks of a finding" in told(heard, deaf)


def test_files_count_as_the_operators_word_unless_signatures_are_required(place: Place, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "image")
    target, file = f"oci-dir:{image.folder}:latest", tmp_path / "vex.json"
    file.write_text(json.dumps(document("pkg:pypi/jinja2")))
    report = place.scan(target, "--vex", str(file))
    assert suppressed(report) == {"CVE-2024-2222"}
    assert report["vex_documents"][0]["signer"] == "the operator"  # type: ignore[index]
    strict = place.scan(target, "--vex", str(file), "--vex-require-signature")
    assert suppressed(strict) == set()
    assert (strict["vex_documents"][0]["outcome"], strict["vex_documents"][0]["code"]) == ("seen", "NOT_SIGNED")  # type: ignore[index]


def test_a_file_that_is_an_attestation_about_this_image_counts_where_signatures_are_required(
    place: Place, tmp_path: Path
) -> None:
    image, other = VexImage(tmp_path / "image"), Digest.of(b"other")
    trust = ("--vex-require-signature", "--vex-trust", str(place.folder / "trust.toml"))
    for about, outcome in ((image.digest, "applied"), (other, "seen")):
        file = tmp_path / "vex.dsse.json"
        file.write_bytes(envelope(about, document("pkg:pypi/jinja2"), P256))
        report = place.scan(f"oci-dir:{image.folder}:latest", "--vex", str(file), *trust)
        assert [d["outcome"] for d in report["vex_documents"]] == [outcome]  # type: ignore[attr-defined]
        assert bool(suppressed(report)) == (outcome == "applied")


def test_authors_who_disagree_are_a_value_and_a_line(place: Place, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "image")
    image.cosign3(document("pkg:pypi/jinja2"), P256)
    image.cosign3(document("pkg:pypi/jinja2", status="affected"), OTHER)
    trust = tmp_path / "trust.toml"
    trust.write_text(trust_row("vendor", P256) + trust_row("researcher", OTHER))
    target = f"oci-dir:{image.folder}:latest"
    report = place.scan(target, "--vex-trust", str(trust))
    assert suppressed(report) == set()
    (conflict,) = report["vex_conflicts"]  # type: ignore[misc]
    assert (conflict["vulnerability"], conflict["holds"]["author"]) == ("CVE-2024-2222", "researcher")
    assert [word["status"] for word in conflict["others"]] == ["not_affected"]
    words = ("scan", target, "--db", place.db, "-q", "--no-policy", "--vex-trust", str(trust))
    assert "VEX authors disagree" in place.run(*words).out.decode()
    assert "VEX authors disagree" in place.run(*words, "-o", "html").out.decode()


def test_rows_of_trust_may_stand_in_the_settings_file(place: Place, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "image")
    image.cosign3(document("pkg:pypi/jinja2"), P256)
    rows = (place.folder / "trust.toml").read_text()
    (tmp_path / "assay.toml").write_text(f"eol-within = 7\n{rows}")
    (tmp_path / "vendor.pub").write_text(pem(P256))
    words = ("scan", f"oci-dir:{image.folder}:latest", "--db", place.db, "--no-policy", "-o", "json")
    done = place.run(*words, cwd=tmp_path)
    assert suppressed(json.loads(done.out)) == {"CVE-2024-2222"}
    assert "assay.toml of the working folder sets vex-trust" in done.err
    elsewhere = place.run(*words, cwd=place.folder, env={"ASSAY_CONFIG": str(tmp_path / "assay.toml")})
    assert suppressed(json.loads(elsewhere.out)) == {"CVE-2024-2222"}
    (place.folder / "none.toml").write_text(rows.replace("pypi", "npm"))
    flag = place.run(*words, "--vex-trust", str(place.folder / "none.toml"), cwd=tmp_path)
    assert suppressed(json.loads(flag.out)) == set()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('vex-trust = "t.toml"\n[[vex.trust]]\nname = "a"\n', "two trust policies"),
        ('[vex]\nroots = "r"\n[[vex.trust]]\nname = "a"\n', "vex.roots"),
        ('[vex]\nlegacy = ["cosign-v2"]\n', "there is no such setting"),
        ("vex = 1\n", "there is no such setting"),
    ],
)
def test_what_the_settings_file_may_not_say_of_trust(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text(text)
    done = assay("config", home=tmp_path, cwd=tmp_path)
    assert done.code == 2
    assert why in done.err


def test_a_row_in_the_settings_file_is_as_strict_as_elsewhere(place: Place, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "image")
    image.cosign3(document("pkg:pypi/jinja2"), P256)
    (tmp_path / "assay.toml").write_text('[[vex.trust]]\nname = "a"\nkey = "a.pub"\n')
    words = ("scan", f"oci-dir:{image.folder}:latest", "--db", place.db, "-q", "--no-policy", "-o", "json")
    done = place.run(*words, cwd=tmp_path)
    assert done.code == 65
    assert "neither products nor images" in done.err
