"""Each provenance is measured by itself, and the words of a command line are what is measured by."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from assay.bootstrap.provenance import ProvenanceWords, measure_provenance
from assay.flows.provenance import exit_code, measured
from assay.flows.verify import Collected
from assay.formats import predicates
from assay.interfaces.cli.expecting import provenance_options
from assay.model.errors import MalformedError, UsageError
from assay.model.evidence import Evidence, Signer
from assay.trust.examine import Row
from assay.trust.provenance import Expectation
from provenances import certified, signed_by
from signing import TARGET

WORKFLOW = "https://actions.github.io/buildtypes/workflow/v1"
BUILDER = "https://github.com/team/builders/.github/workflows/image.yml@refs/tags/v1"


def _provenance(repository: str, builder: str = BUILDER, signer: Signer | None = None) -> Evidence:
    predicate = {
        "buildDefinition": {
            "buildType": WORKFLOW,
            "externalParameters": {
                "workflow": {"repository": repository, "ref": "refs/heads/main"},
                "inputs": {"channel": "stable"},
            },
            "resolvedDependencies": [{"uri": f"git+{repository}@refs/heads/main", "digest": {"gitCommit": "c0"}}],
        },
        "runDetails": {"builder": {"id": builder}},
    }
    return signed_by(predicates.PROVENANCE, predicate, signer or certified(builder, runnerEnvironment="github-hosted"))


def _collected(*evidence: Evidence) -> Collected:
    rows = [Row(place=f"p{n}", outcome="verified", evidence=one) for n, one in enumerate(evidence)]
    refused = Row(place="refused", outcome="not-trusted", code="SIGNATURE")
    return Collected(subject=TARGET, rows=(*rows, refused), evidence=evidence)


def test_nothing_is_put_together_from_two():
    """The right builder on one, the right source on the other: neither is what was expected."""
    other = BUILDER.replace("image.yml", "other.yml")
    collected = _collected(
        _provenance("https://github.com/evil/app"), _provenance("https://github.com/team/app", other)
    )
    rows = measured(collected.rows, Expectation(builders=(BUILDER,), source="github.com/team/app"))
    assert [(row.place, row.code) for row in rows] == [("p0", "SOURCE_MISMATCH"), ("p1", "BUILDER_MISMATCH")]
    assert [check.outcome for row in rows for check in row.checks] == ["fail", "fail"]
    assert exit_code(rows) == 3


def test_one_that_is_all_that_was_expected_is_enough():
    collected = _collected(_provenance("https://github.com/evil/app"), _provenance("https://github.com/team/app"))
    rows = measured(collected.rows, Expectation(builders=(BUILDER,), source="github.com/team/app"))
    assert [row.judged is not None for row in rows] == [False, True]
    assert exit_code(rows) == 0


def test_other_statements_and_what_did_not_verify_are_left_alone():
    assert measured(_collected(signed_by("urn:x", {}, Signer(kind="key"))).rows, Expectation()) == ()
    assert exit_code(()) == 3


def test_words_become_an_expectation_and_rows_come_from_a_file(tmp_path: Path):
    collected = _collected(_provenance("https://github.com/team/app"))
    words = ProvenanceWords(source="github.com/team/app", parameters=("inputs.channel=stable",), level=3)
    (row,), code = measure_provenance(collected.rows, words)
    assert (row.code, code) == ("LEVEL_TOO_LOW", 3)
    file = tmp_path / "builders.toml"
    file.write_text(
        f"""
[[builder]]
name = "ours"
issuer = "https://token.actions.githubusercontent.com"
identity = "https://github.com/team/builders/.github/workflows/*@refs/tags/*"
builder_id = "{{identity}}"
build_types = ["{WORKFLOW}"]
level = 3
operator = "github.com"
runner = "github-hosted"
"""
    )
    (row,), code = measure_provenance(collected.rows, ProvenanceWords(level=3, rows=str(file)))
    assert code == 0
    assert row.judged is not None
    assert row.judged.level.row == "ours"
    file.write_text('[[builder]]\nname = "x"\n')
    with pytest.raises(MalformedError):
        measure_provenance(collected.rows, ProvenanceWords(rows=str(file)))


@pytest.mark.parametrize("text", ["inputs.channel", "=stable", ""])
def test_a_parameter_is_a_path_and_a_text(text: str):
    with pytest.raises(UsageError):
        measure_provenance((), ProvenanceWords(parameters=(text,)))


def _asked(*words: str) -> Any:
    told: list[Any] = []

    @click.command()
    @provenance_options
    def command(expecting: ProvenanceWords | None) -> None:
        told.append(expecting)

    answer = CliRunner().invoke(command, words)
    assert answer.exit_code == 0, answer.output
    return told[0]


def test_options():
    assert _asked() is None
    assert _asked(
        "--builder", "a", "--builder", "b", "--source-versioned-tag", "v1", "--pinned", "--build-level", "2"
    ) == (ProvenanceWords(builders=("a", "b"), versioned_tag="v1", pinned=True, level=2))
    assert _asked("--parameter", "a=b=c", "--builders-file", "f") == ProvenanceWords(parameters=("a=b=c",), rows="f")
