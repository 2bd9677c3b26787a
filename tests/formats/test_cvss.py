"""Base scores of vectors whose scores the specifications and their calculators publish."""

import pytest

from assay.formats.cvss import score, severity
from assay.model.errors import MalformedError


@pytest.mark.parametrize(
    ("vector", "value", "word"),
    [
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, "high"),  # CVSS v2 guide, 3.3.1
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, "high"),  # 3.3.2
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2, "medium"),  # 3.3.3
        ("(AV:N/AC:L/Au:N/C:N/I:N/A:N)", 0.0, "low"),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "medium"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C", 9.8, "critical"),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.6, "low"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, "none"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0, "critical"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, "critical"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N", 5.3, "medium"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/U:Amber", 0.0, "none"),
    ],
)
def test_published_scores(vector, value, word):
    found = score(vector, source="s")
    assert (found.score, found.severity, found.vector, found.source) == (value, word, vector, "s")


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "CVSS:3.1",
        "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X",
        "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:1",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:NN",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:Z",
        "AV:N/AC:L/Au:N/C:N/I:N",
        "x" * 10_000,
    ],
)
def test_what_is_no_vector(vector):
    with pytest.raises(MalformedError):
        score(vector, source="s")


def test_words_begin_where_the_specification_says():
    assert [severity(value, "3.1") for value in (0, 0.1, 3.9, 4, 6.9, 7, 8.9, 9, 10)] == [
        "none", "low", "low", "medium", "medium", "high", "high", "critical", "critical",
    ]  # fmt: skip
    assert severity(10, "2.0") == "high"
