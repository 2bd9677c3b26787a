"""Ranges of Conan (Conan 2 documentation, "Version ranges"): whether a version lies in one.

Only versions and bounds of plain numbers are weighed; of letters and pre-releases Conan's order says more than can be
told here.
"""

from assay.model.patterns import lazy

_VERSION = lazy(r"[0-9]{1,15}(?:\.[0-9]{1,15}){0,9}")
_BOUND = lazy(r"(>=|<=|>|<|=|\^|~)?([0-9]{1,15}(?:\.[0-9]{1,15}){0,9})-?")
_BLANK = lazy(r"([<>=^~])[ \t]+")
_PARTS_COUNT = 50
Numbers = tuple[int, ...]


def allows(wanted: str, version: str) -> bool | None:
    """Whether `[range]`, or the one version that is named, takes `version`; None when that cannot be told.

    >>> allows("[>=1.0 <2]", "1.2.13"), allows("[~1.2]", "1.3"), allows("1.0", "1.0"), allows("[>1]", "1.1.1w")
    (True, False, True, None)
    """
    if not wanted.startswith("["):
        return wanted == version
    if _VERSION.fullmatch(version) is None:
        return None
    inner = wanted[1:-1].partition(",")[0]  # behind the comma: whether pre-releases count, and these are none
    alternatives = _BLANK.sub(r"\1", inner).split("||")
    if len(alternatives) > _PARTS_COUNT:
        return None
    answers = [_all(one.split(), _numbers(version)) for one in alternatives]
    return True if True in answers else None if None in answers else False


def _all(words: list[str], version: Numbers) -> bool | None:
    answers = [_holds(word, version) for word in words[: _PARTS_COUNT + 1]]
    if len(answers) > _PARTS_COUNT:
        return None
    return False if False in answers else None if None in answers else True


def _holds(word: str, version: Numbers) -> bool | None:
    if word == "*":
        return True
    match = _BOUND.fullmatch(word)
    if match is None:
        return None
    operator, written = match[1] or "=", [int(part) for part in match[2].split(".")]
    bound = _numbers(match[2])
    if operator in ("^", "~"):
        return bound <= version < _next(written, operator)
    order = (version > bound) - (version < bound)
    return order in {"=": (0,), ">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0)}[operator]


def _next(written: list[int], operator: str) -> Numbers:
    """`~1.2.3` keeps the first two numbers, `^` those up to the first that is not zero."""
    if operator == "~":
        place = min(1, len(written) - 1)
    else:
        place = next((at for at, number in enumerate(written) if number), len(written) - 1)
    return (*written[:place], written[place] + 1)


def _numbers(text: str) -> Numbers:
    """Zeros at the end do not count: 1.0 is 1."""
    numbers = [int(part) for part in text.split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
