"""CVSS base scores from vectors: v2.0, v3.0 and v3.1 (FIRST, "CVSS v2 Complete Guide" §3.2.1; "CVSS v3.1" §7).

Only the base score is computed: temporal and environmental metrics in a vector are checked for form and left aside.
The score of a v4.0 vector lives in `cvss4`.
"""

from math import ceil

from assay.formats.cvss4 import base_score as base_score_4
from assay.model.advisory import Score
from assay.model.errors import MalformedError

_V2 = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
    "C": {"N": 0.0, "P": 0.275, "C": 0.660},
    "I": {"N": 0.0, "P": 0.275, "C": 0.660},
    "A": {"N": 0.0, "P": 0.275, "C": 0.660},
}
_V2_OTHERS = frozenset({"E", "RL", "RC", "CDP", "TD", "CR", "IR", "AR"})
_V3 = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "S": {"U": 0.0, "C": 1.0},
    "C": {"N": 0.0, "L": 0.22, "H": 0.56},
    "I": {"N": 0.0, "L": 0.22, "H": 0.56},
    "A": {"N": 0.0, "L": 0.22, "H": 0.56},
}
_V3_CHANGED_PR = {"N": 0.85, "L": 0.68, "H": 0.5}
_V3_OTHERS = frozenset({"E", "RL", "RC", "CR", "IR", "AR", "MAV", "MAC", "MPR", "MUI", "MS", "MC", "MI", "MA"})
_BANDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
_BANDS_V2 = ((7.0, "high"), (4.0, "medium"), (0.0, "low"))
_VECTOR_CHARACTERS = 400


def score(vector: str, *, source: str) -> Score:
    """The base score of a vector, e.g. `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H`; v2 has no prefix.

    Raises:
        MalformedError: not a vector of CVSS 2.0, 3.0, 3.1 or 4.0, a base metric missing, unknown or repeated.
    """
    if len(vector) > _VECTOR_CHARACTERS:
        raise _bad(vector, f"longer than {_VECTOR_CHARACTERS} characters")
    head, _, rest = vector.partition("/")
    if head in ("CVSS:3.0", "CVSS:3.1"):
        version, value = head[5:], _score_3(_metrics(rest, vector, _V3_OTHERS), vector, head == "CVSS:3.1")
    elif head == "CVSS:4.0":
        version, value = "4.0", base_score_4(_metrics(rest, vector, None), vector)
    elif head.startswith("CVSS:"):
        raise _bad(vector, f"version {head[5:][:20]!r} is not one of 2.0, 3.0, 3.1, 4.0")
    else:
        version, value = "2.0", _score_2(_metrics(vector.strip("()"), vector, _V2_OTHERS), vector)
    return Score(version, value, severity(value, version), vector, source)


def severity(value: float, version: str) -> str:
    """The word for a score: none, low, medium, high, critical (v3.0 §5); v2.0 has NVD's low, medium, high."""
    bands = _BANDS_V2 if version.startswith("2") else _BANDS
    return next((word for floor, word in bands if value >= floor), "none")


def _metrics(text: str, vector: str, others: frozenset[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split("/"):
        name, colon, value = part.partition(":")
        if not colon or not value or name in found:
            raise _bad(vector, f"{part!r} is not a metric, or stands twice")
        found[name] = value
    base = _V2 if others is _V2_OTHERS else _V3
    for name in found:
        if others is not None and name not in base and name not in others:
            raise _bad(vector, f"unknown metric {name!r}")
    return found


def _weights(metrics: dict[str, str], table: dict[str, dict[str, float]], vector: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for name, values in table.items():
        if metrics.get(name) not in values:
            raise _bad(vector, f"metric {name} is {metrics.get(name, 'missing')}")
        weights[name] = values[metrics[name]]
    return weights


def _score_2(metrics: dict[str, str], vector: str) -> float:
    w = _weights(metrics, _V2, vector)
    impact = 10.41 * (1 - (1 - w["C"]) * (1 - w["I"]) * (1 - w["A"]))
    exploitability = 20 * w["AV"] * w["AC"] * w["Au"]
    value = (0.6 * impact + 0.4 * exploitability - 1.5) * (1.176 if impact else 0.0)
    return int(value * 10 + 0.5 + 1e-9) / 10


def _score_3(metrics: dict[str, str], vector: str, version_3_1: bool) -> float:
    w = _weights(metrics, _V3, vector)
    changed = metrics["S"] == "C"
    loss = 1 - (1 - w["C"]) * (1 - w["I"]) * (1 - w["A"])
    impact = 7.52 * (loss - 0.029) - 3.25 * (loss - 0.02) ** 15 if changed else 6.42 * loss
    if impact <= 0:
        return 0.0
    privileges = _V3_CHANGED_PR[metrics["PR"]] if changed else w["PR"]
    value = impact + 8.22 * w["AV"] * w["AC"] * privileges * w["UI"]
    value = min(value * 1.08 if changed else value, 10.0)
    return _roundup(value) if version_3_1 else ceil(round(value * 10, 9)) / 10


def _roundup(value: float) -> float:
    """CVSS v3.1 appendix A: to one decimal, upwards, on integers so that every platform agrees."""
    scaled = round(value * 100_000)
    return scaled / 100_000 if scaled % 10_000 == 0 else (scaled // 10_000 + 1) / 10


def _bad(vector: str, why: str) -> MalformedError:
    return MalformedError("not a CVSS vector", where=vector[:120], why=why, remedy="report it to the feed's publisher")
