"""Version ranges of Cabal files (Cabal User Guide, `build-depends`), weighed against one version."""

from assay.dependencies.versions import SCHEMES
from assay.model.patterns import lazy

_TOKEN = lazy(r"[ \t]*(&&|\|\||\^>=|>=|<=|==|[<>(){},]|-any|-none|[0-9]{1,15}(?:\.[0-9]{1,15}){0,20}(?:\.\*)?)")
_DEPTH = 30
_TOKENS_COUNT = 400
_ORDERS = {">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0), "==": (0,)}


def allows(wanted: str, version: str) -> bool | None:
    """Whether a version lies in a range; None for a range that is none.

    >>> allows("^>=1.2.3", "1.2.9"), allows(">=1 && <2 || ==3.*", "3.4"), allows("==1.2.*", "1.20")
    (True, True, False)
    """
    found, at = list[str](), 0
    wanted = wanted.strip()
    while at < len(wanted):
        match = _TOKEN.match(wanted, at)
        if match is None or len(found) == _TOKENS_COUNT:
            return None
        found.append(match[1])
        at = match.end()
    if not found or SCHEMES["hackage"].key(version) is None:
        return None
    reader = _Reader(found, version)
    answer = reader.either(0)
    return answer if not reader.left else None


class _Reader:
    """`&&` binds closer than `||`; brackets group. The answer is None once something is not as it should be."""

    def __init__(self, found: list[str], version: str) -> None:
        self.left = found[::-1]
        self._version = version

    def either(self, depth: int) -> bool | None:
        answers = [self._both(depth)]
        while self.left and self.left[-1] == "||":
            self.left.pop()
            answers.append(self._both(depth))
        return None if None in answers else True in answers

    def _both(self, depth: int) -> bool | None:
        answers = [self._one(depth)]
        while self.left and self.left[-1] == "&&":
            self.left.pop()
            answers.append(self._one(depth))
        return None if None in answers else False not in answers

    def _one(self, depth: int) -> bool | None:
        word = self.left.pop() if self.left else ""
        if word == "(" and depth < _DEPTH:
            answer = self.either(depth + 1)
            return answer if self.left and self.left.pop() == ")" else None
        if word in ("-any", "-none"):
            return word == "-any"
        bounds = self._bounds() if word in _ORDERS or word == "^>=" else []
        answers = [_holds(word, bound, self._version) for bound in bounds]
        return None if not answers or None in answers else True in answers

    def _bounds(self) -> list[str]:
        """One version, or a set of them in braces; [] for anything else."""
        if not self.left or self.left[-1] != "{":
            return [self.left.pop()] if self.left else []
        self.left.pop()
        found: list[str] = []
        while self.left and self.left[-1] != "}":
            found.append(self.left.pop())
            if self.left and self.left[-1] == ",":
                self.left.pop()
        return found if self.left and self.left.pop() == "}" else []


def _holds(operator: str, bound: str, version: str) -> bool | None:
    """`==1.2.*` is what begins with 1.2; `^>=1.2.3` goes up to the next major version, which has two numbers."""
    if not bound[:1].isdigit():
        return None
    if bound.endswith(".*"):
        stem = bound[:-2].split(".")
        return _numbers(version)[: len(stem)] == [int(part) for part in stem] if operator == "==" else None
    order = SCHEMES["hackage"].compare(version, bound)
    if order is None:
        return None
    if operator != "^>=":
        return order in _ORDERS[operator]
    major = [*_numbers(bound), 0][:2]
    return order >= 0 and _numbers(version)[:2] <= major


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
