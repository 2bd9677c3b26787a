"""Ranges of Conan (Conan 2 documentation, "Version ranges"): whether a version lies in one.

A pre-release is not weighed: whether it counts depends on the range, and on a setting of who installs.
"""

from assay.dependencies.versions import SCHEMES
from assay.model.patterns import lazy

_BOUND = lazy(r"(>=|<=|>|<|=|\^|~)?([0-9A-Za-z][0-9A-Za-z_.+]{0,100})-?")
_NUMBERS = lazy(r"[0-9]{1,15}(?:\.[0-9]{1,15}){0,9}")
_BLANK = lazy(r"([<>=^~])[ \t]+")
_PARTS_COUNT = 50
_OPTIONS = frozenset({"include_prerelease", "loose"})
_ORDERS = {"=": (0,), ">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0)}


def allows(wanted: str, version: str) -> bool | None:
    """Whether `[range]`, or the one version that is named, takes `version`; None when that cannot be told.

    >>> allows("[>=1.0 <2]", "1.2.13"), allows("[~1.2]", "1.3"), allows("1.0", "1.0"), allows("[>1]", "2-rc")
    (True, False, True, None)
    """
    if not wanted.startswith("["):
        return wanted == version
    if "-" in version:
        return None
    inner, _, options = wanted[1:-1].partition(",")  # behind the comma: whether pre-releases count
    if options and not all(one.partition("=")[0].strip() in _OPTIONS for one in options.split(",")):
        return None  # a bound, as the first Conan let it stand there, or nothing we know
    alternatives = _BLANK.sub(r"\1", inner).split("||")
    if len(alternatives) > _PARTS_COUNT:
        return None
    answers = [_all(one.split(), version) for one in alternatives]
    return True if True in answers else None if None in answers else False


def _all(words: list[str], version: str) -> bool | None:
    if len(words) > _PARTS_COUNT:
        return None
    answers = [_holds(word, version) for word in words]
    return False if False in answers else None if None in answers else True


def _holds(word: str, version: str) -> bool | None:
    if word == "*":
        return True
    match = _BOUND.fullmatch(word)
    if match is None:
        return None
    operator, bound = match[1] or "=", match[2]
    if operator not in ("^", "~"):
        return _ordered(operator, version, bound)
    upper = _next(bound, operator)
    answers = [_ordered(">=", version, bound), _ordered("<", version, upper) if upper else None]
    return False if False in answers else None if None in answers else True


def _ordered(operator: str, version: str, bound: str) -> bool | None:
    order = SCHEMES["conan"].compare(version, bound)
    return None if order is None else order in _ORDERS[operator]


def _next(bound: str, operator: str) -> str:
    """The first version past the range: `~1.2.3` keeps two numbers, `^` those up to the first that is not zero."""
    if _NUMBERS.fullmatch(bound) is None:
        return ""
    numbers = [int(part) for part in bound.split(".")]
    if operator == "~":
        place = min(1, len(numbers) - 1)
    else:
        place = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
    return ".".join(map(str, [*numbers[:place], numbers[place] + 1]))
