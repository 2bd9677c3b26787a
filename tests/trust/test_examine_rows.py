"""Rows of a listing: one word per candidate, and an exit code that never hides anything."""

import pytest

from assay.model.digest import Digest
from assay.model.errors import UnavailableError
from assay.trust import dsse
from assay.trust.examine import Candidate, examine, exit_code
from signing import NOW, OTHER, P256, TARGET, changed, claim, trusting

GOOD = dsse.sign(claim(), P256)
CANDIDATES = {
    "verified": (Candidate(place="a", data=GOOD), ""),
    "not-signed": (Candidate(place="a", data=changed(GOOD, "dsseEnvelope", "signatures", value=[])), "NOT_SIGNED"),
    "not-trusted": (Candidate(place="a", data=dsse.sign(claim(), OTHER)), "KEY_UNKNOWN"),
    "malformed": (Candidate(place="a", data=b"{"), "PARSE_FORM"),
    "unsupported": (Candidate(place="a", data=changed(GOOD, "mediaType", value="x/y")), "BUNDLE_VERSION"),
    "unavailable": (Candidate(place="a", error=UnavailableError("no answer", why="timeout")), ""),
}


@pytest.mark.parametrize("word", CANDIDATES)
def test_each_candidate_gets_its_word(word):
    candidate, code = CANDIDATES[word]
    (row,) = examine([candidate], TARGET, None, trusting(P256), NOW)
    assert (row.outcome, row.code) == (word, code)
    assert (row.evidence is not None) == (word == "verified")
    assert row.reason or word == "verified"


def test_a_statement_about_another_image_is_not_trusted():
    (row,) = examine([Candidate(place="a", data=GOOD)], Digest.of(b"x"), None, trusting(P256), NOW)
    assert (row.outcome, row.code) == ("not-trusted", "SUBJECT_MISMATCH")


def test_a_key_out_of_its_window_has_its_own_word():
    (row,) = examine([CANDIDATES["verified"][0]], TARGET, None, trusting(P256, not_after="2020-01-01T00:00:00Z"), NOW)
    assert row.outcome == "outside-validity"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 3),
        (["malformed"], 65),
        (["unsupported"], 69),
        (["unsupported", "malformed"], 65),
        (["malformed", "not-trusted"], 3),
        (["not-signed"], 3),
        (["not-trusted", "unavailable"], 75),
        (["unavailable", "malformed", "verified"], 0),
    ],
)
def test_exit_codes(words, code):
    rows = examine([CANDIDATES[w][0] for w in words], TARGET, None, trusting(P256), NOW)
    assert exit_code(rows) == code
