"""The CVSS v4.0 base score (FIRST, "CVSS v4.0 Specification Document" §8, "Scoring").

With threat and environmental metrics at their worst (as "not defined" means), equivalence set 5 is always 0 and set 6
follows from set 3, so 60 of the specification's 270 macrovector scores are enough; they are the table below.
"""

from assay.model.errors import MalformedError

# Scores by (EQ3, EQ6), then in the order EQ1 0-2, EQ2 0-1, EQ4 1-2.
_SCORES: dict[str, tuple[float, ...]] = {
    "00": (10.0, 9.3, 9.5, 9.2, 9.4, 8.7, 9.0, 7.7, 8.6, 7.0, 7.3, 5.4),
    "01": (9.6, 9.0, 9.1, 8.1, 8.9, 7.5, 7.7, 6.6, 7.4, 5.4, 5.5, 4.3),
    "10": (9.3, 8.8, 9.2, 8.4, 8.6, 7.2, 7.4, 6.1, 7.2, 5.3, 6.1, 4.6),
    "11": (9.2, 8.0, 8.2, 7.0, 7.6, 5.7, 5.9, 5.2, 5.7, 3.6, 5.1, 1.8),
    "21": (7.9, 6.9, 7.1, 6.3, 6.5, 5.3, 5.8, 2.3, 4.7, 2.4, 2.4, 1.0),
}
# Which (EQ3, EQ6) lie one step below; the higher score of them counts.
_LOWER = {"00": ("01", "10"), "10": ("11",), "21": ()}
# Values of each base metric, from worst to mildest; the index is the severity level.
_LEVELS = {
    "AV": "NALP",
    "PR": "NLH",
    "UI": "NPA",
    "AC": "LH",
    "AT": "NP",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "HLN",
    "SI": "HLN",
    "SA": "HLN",
}
# For each set: its metrics, and per level the worst combinations and the depth of the level.
_Set = tuple[tuple[str, ...], dict[int, tuple[tuple[str, ...], int]]]
_EQ1: _Set = ("AV", "PR", "UI"), {0: (("NNN",), 1), 1: (("ANN", "NLN", "NNP"), 4), 2: (("PNN", "ALP"), 5)}
_EQ2: _Set = ("AC", "AT"), {0: (("LN",), 1), 1: (("HN", "LP"), 2)}
_EQ3: _Set = ("VC", "VI", "VA"), {0: (("HHH",), 7), 1: (("LHH", "HLH"), 8), 2: (("LLL",), 10)}
_EQ4: _Set = ("SC", "SI", "SA"), {1: (("HHH",), 5), 2: (("LLL",), 4)}
_OTHERS = {
    "E": "XAPU", "CR": "XHML", "IR": "XHML", "AR": "XHML", "MAV": "XNALP", "MAC": "XLH", "MAT": "XNP", "MPR": "XNLH",
    "MUI": "XNPA", "MVC": "XNLH", "MVI": "XNLH", "MVA": "XNLH", "MSC": "XNLH", "MSI": "XNLHS", "MSA": "XNLHS",
    "S": "XNP", "AU": "XNY", "R": "XAUI", "V": "XDC", "RE": "XLMH", "U": "X",
}  # fmt: skip


def base_score(metrics: dict[str, str], vector: str) -> float:
    """The base score (CVSS-B) of a v4.0 vector's metrics.

    Raises:
        MalformedError: a base metric is missing, or any metric has an unknown name or value.
    """
    _check(metrics, vector)
    if all(metrics[name] == "N" for name in ("VC", "VI", "VA", "SC", "SI", "SA")):
        return 0.0
    eq1, eq2, eq3, eq4 = _sets(metrics)
    eq36 = ("00", "10", "21")[eq3]
    value = _at(eq36, eq1, eq2, eq4)
    steps = [(0.0, 0.0)]  # set 5: always one level above another, at distance 0
    if eq1 < 2:
        steps.append((value - _at(eq36, eq1 + 1, eq2, eq4), _share(metrics, _EQ1, eq1)))
    if eq2 < 1:
        steps.append((value - _at(eq36, eq1, eq2 + 1, eq4), _share(metrics, _EQ2, eq2)))
    if _LOWER[eq36]:
        lower = max(_at(step, eq1, eq2, eq4) for step in _LOWER[eq36])
        steps.append((value - lower, _share(metrics, _EQ3, eq3)))
    if eq4 < 2:
        steps.append((value - _at(eq36, eq1, eq2, eq4 + 1), _share(metrics, _EQ4, eq4)))
    value -= sum(distance * share for distance, share in steps) / len(steps)
    return int(min(max(value, 0.0), 10.0) * 10 + 0.5 + 1e-5) / 10


def _check(metrics: dict[str, str], vector: str) -> None:
    for name, values in _LEVELS.items():
        if len(metrics.get(name, "")) != 1 or metrics[name] not in values:
            raise _bad(vector, f"metric {name} is {metrics.get(name, 'missing')}")
    for name, value in metrics.items():
        if name in _LEVELS or (name == "U" and value in ("Clear", "Green", "Amber", "Red")):
            continue
        if len(value) != 1 or value not in _OTHERS.get(name, ""):
            raise _bad(vector, f"unknown metric {name}:{value}")


def _sets(m: dict[str, str]) -> tuple[int, int, int, int]:
    """Levels of the equivalence sets 1 to 4 (§8.2, tables 24 to 27)."""
    open_ways = sum(m[name] == "N" for name in ("AV", "PR", "UI"))
    eq1 = 0 if open_ways == 3 else 1 if open_ways and m["AV"] != "P" else 2
    eq2 = 0 if (m["AC"], m["AT"]) == ("L", "N") else 1
    high = "H" in (m["VC"], m["VI"], m["VA"])
    eq3 = 0 if (m["VC"], m["VI"]) == ("H", "H") else 1 if high else 2
    return eq1, eq2, eq3, 1 if "H" in (m["SC"], m["SI"], m["SA"]) else 2


def _at(eq36: str, eq1: int, eq2: int, eq4: int) -> float:
    return _SCORES[eq36][eq1 * 4 + eq2 * 2 + eq4 - 1]


def _share(metrics: dict[str, str], eq: _Set, level: int) -> float:
    """How far below its level's worst vector this one lies, as a share of the level's depth."""
    names, levels = eq
    worst, depth = levels[level]
    for candidate in worst:
        pairs = zip(names, candidate, strict=True)
        distances = [_LEVELS[name].index(metrics[name]) - _LEVELS[name].index(top) for name, top in pairs]
        if min(distances) >= 0:
            return sum(distances) / depth
    return 0.0


def _bad(vector: str, why: str) -> MalformedError:
    return MalformedError("not a CVSS vector", where=vector[:120], why=why, remedy="report it to the feed's publisher")
