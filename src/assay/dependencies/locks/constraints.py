"""Whether a version is one that a manifest asks for: yes, no, or nobody here can tell (None).

npm: node-semver README, "Ranges"; Cargo: The Cargo Book, "Specifying Dependencies"; Composer documentation, "Versions
and constraints"; RubyGems guides, "Patterns"; PyPI: PEP 440, and Poetry's documentation, "Dependency specification";
NuGet, pub and Mix: `constraint_forms`; Conan, Gradle, Swift and Cabal: a module each.
Each reader makes alternatives of bounds; the order of versions is that of `dependencies.versions`.
"""

import re
from collections.abc import Callable, Iterator

from assay.dependencies.locks import conan_ranges, constraint_forms, gradle_versions, haskell_ranges, swift_versions
from assay.dependencies.versions import SCHEMES, Scheme
from assay.model.patterns import lazy

Bound = tuple[str, str]
"""Operator (`=`, `!=`, `>`, `>=`, `<`, `<=`) and version."""
Alternatives = list[list[Bound]]
_CHARACTERS = 1_000
_PARTS_COUNT = 50
_PARTIAL = lazy(
    r"[v=]*([0-9]{1,15}|[xX*])(?:\.([0-9]{1,15}|[xX*]))?(?:\.([0-9]{1,15}|[xX*]))?"
    r"(?:-?([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]*)?"
)
_OPERATOR = lazy(r"(>=|<=|~>|~=|!=|==|>|<|=|\^|~)?[ \t]*")
_HYPHEN = lazy(r"(\S+)[ \t]+-[ \t]+(\S+)")
_NUMBERS = lazy(r"[0-9]{1,15}(?:\.[0-9]{1,15}){0,9}")


def satisfies(ecosystem: str, wanted: str, version: str) -> bool | None:
    """Whether `version` is one that `wanted` allows; None when that cannot be decided.

    >>> satisfies("npm", "^1.2.0", "1.9.9"), satisfies("npm", "^1.2.0", "2.0.0"), satisfies("npm", "latest", "2.0.0")
    (True, False, None)
    """
    reader = _READERS.get(ecosystem)
    if reader is None or not version or len(wanted) > _CHARACTERS or len(version) > _CHARACTERS:
        return None
    return reader(wanted.strip(), version)


def _npm(wanted: str, version: str) -> bool | None:
    if wanted in ("", "*", "x", "X"):
        return True  # npm takes whatever is published, pre-releases too
    alternatives = _alternatives(wanted, _npm_bounds, r"\|\|")
    return _judge(SCHEMES["semver"], alternatives, version, releases=True)


def _cargo(wanted: str, version: str) -> bool | None:
    found = _all([_semver_bound(part.strip(), "^") for part in wanted.split(",")])
    return _judge(SCHEMES["semver"], None if found is None else [found], version, releases=True)


def _composer(wanted: str, version: str) -> bool | None:
    if version.startswith("dev-") or wanted.startswith("dev-") or version.endswith("-dev") or " as " in wanted:
        return True if wanted == version else None
    bare = re.sub(r"@(?:dev|alpha|beta|RC|stable)\b", "", wanted)
    return _judge(SCHEMES["composer"], _alternatives(bare, _composer_bounds, r"\|\|?"), version.lstrip("vV"))


def _go(wanted: str, version: str) -> bool | None:
    return wanted == version


def _alternatives(wanted: str, read: Callable[[str], list[Bound] | None], separator: str) -> Alternatives | None:
    parts = re.split(separator, wanted)
    if len(parts) > _PARTS_COUNT:
        return None
    found = [read(part.strip()) for part in parts]
    return None if any(one is None for one in found) else [one for one in found if one is not None]


def _judge(scheme: Scheme, alternatives: Alternatives | None, version: str, *, releases: bool = False) -> bool | None:
    """Any alternative all of whose bounds hold. `releases`: a pre-release counts only where a bound names one of it."""
    if alternatives is None or scheme.key(version) is None:
        return None
    answers = [_holds(scheme, bounds, version, releases=releases) for bounds in alternatives]
    return True if True in answers else None if None in answers else False


_ALLOWED = {"=": (0,), "!=": (-1, 1), ">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0)}


def _holds(scheme: Scheme, bounds: list[Bound], version: str, *, releases: bool) -> bool | None:
    for operator, bound in bounds:
        order = scheme.compare(version, bound)
        if order is None:
            return None
        if order not in _ALLOWED[operator]:
            return False
    if not releases or "-" not in version.partition("+")[0]:
        return True
    release = version.partition("-")[0]
    return any("-" in bound and bound.partition("-")[0] == release for _, bound in bounds)


def _all(found: list[list[Bound] | None]) -> list[Bound] | None:
    """One list of all bounds, or None as soon as one could not be read."""
    joined: list[Bound] = []
    for bounds in found:
        if bounds is None:
            return None
        joined += bounds
    return joined


def _npm_bounds(part: str) -> list[Bound] | None:
    if hyphen := _HYPHEN.fullmatch(part):
        return _all([_semver_bound(f">={hyphen[1]}", ""), _semver_bound(f"<={hyphen[2]}", "")])
    return _all([_semver_bound(word, "") for word in _words(part) or [""]])


def _words(part: str) -> list[str]:
    """Bounds parted by blanks; a blank may also stand behind an operator."""
    return re.sub(r"([<>=^~])[ \t]+", r"\1", part).replace(",", " ").split()[:_PARTS_COUNT]


def _read(text: str) -> tuple[list[int], str] | None:
    """The numbers that are given (up to a wildcard) and the pre-release; [] for any version."""
    if text in ("", "*", "x", "X"):
        return [], ""
    match = _PARTIAL.fullmatch(text)
    if match is None:
        return None
    numbers: list[int] = []
    for part in match.groups()[:3]:
        if part is None or part in "xX*":
            break
        numbers.append(int(part))
    return numbers, (match[4] or "") if len(numbers) == 3 else ""


def _text(numbers: list[int], pre: str = "") -> str:
    padded = [*numbers, 0, 0, 0][:3]
    return ".".join(map(str, padded)) + (f"-{pre}" if pre else "")


def _next(numbers: list[int], place: int) -> str:
    """The first version past all that share the numbers up to `place`; `-0` is below its own pre-releases."""
    return _text([*numbers[:place], numbers[place] + 1], "0")


def _semver_bound(text: str, bare: str) -> list[Bound] | None:
    """One bound of npm or Cargo; `bare` is what a version without an operator means (Cargo: `^`)."""
    match = _OPERATOR.match(text)
    operator = match[1] or bare if match else bare
    found = _read(text[match.end() :] if match else text)
    if found is None or operator in ("!=", "~="):
        return None
    numbers, pre = found
    if not numbers:
        return [] if operator not in ("<", ">") else [("<", "0.0.0-0")]
    low, last = _text(numbers, pre), len(numbers) - 1
    if operator == "^":
        place = next((at for at, number in enumerate(numbers) if number), last)
        return [(">=", low), ("<", _next(numbers, place))]
    if operator in ("~", "~>"):
        return [(">=", low), ("<", _next(numbers, min(1, last)))]
    if operator in ("", "=", "=="):
        return [("=", low)] if last == 2 else [(">=", low), ("<", _next(numbers, last))]
    if operator == ">":
        return [(">", low)] if last == 2 else [(">=", _next(numbers, last))]
    if operator == "<=":
        return [("<=", low)] if last == 2 else [("<", _next(numbers, last))]
    return [(operator, low)]


def _composer_bounds(part: str) -> list[Bound] | None:
    if hyphen := _HYPHEN.fullmatch(part):
        high = _release(hyphen[2])
        upper = (
            None if high is None else [("<=", hyphen[2])] if len(high) > 2 else [("<", _bumped(high, len(high) - 1))]
        )
        return _all([[(">=", hyphen[1])], upper])
    return _all([_composer_bound(word) for word in _words(part)])


def _composer_bound(text: str) -> list[Bound] | None:
    match = _OPERATOR.match(text)
    operator, version = (match[1] or "", text[match.end() :]) if match else ("", text)
    version = version.lstrip("v")
    if version in ("*", ""):
        return []
    if version.endswith((".*", ".x")):
        numbers = _release(version[:-2])
        return (
            None if numbers is None or operator else [(">=", version[:-2]), ("<", _bumped(numbers, len(numbers) - 1))]
        )
    numbers = _release(version)
    if numbers is None:
        return None
    if operator == "^":
        place = next((at for at, number in enumerate(numbers[:3]) if number), min(2, len(numbers) - 1))
        return [(">=", version), ("<", _bumped(numbers, place))]
    if operator == "~":
        return [(">=", version), ("<", _bumped(numbers, max(0, len(numbers) - 2)))]
    return [({"": "=", "==": "=", "<>": "!="}.get(operator, operator), version)] if operator != "~>" else None


def _release(version: str) -> list[int] | None:
    match = _NUMBERS.match(version)
    return [int(part) for part in match[0].split(".")] if match else None


def _bumped(numbers: list[int], place: int) -> str:
    return ".".join(map(str, [*numbers[:place], numbers[place] + 1])) + "-dev"


def _gem(wanted: str, version: str) -> bool | None:
    answers = [_gem_part(part.strip(), version) for part in wanted.split(",") if part.strip()]
    return False if False in answers else None if None in answers else True


def _gem_part(part: str, version: str) -> bool | None:
    scheme = SCHEMES["gem"]
    match = _OPERATOR.match(part)
    operator, bound = (match[1] or "=", part[match.end() :].strip()) if match else ("=", part)
    if operator != "~>":
        return _judge(scheme, [[(operator, bound)]], version) if operator in _ALLOWED else None
    numbers, own = _release(bound), _NUMBERS.match(version)
    if numbers is None or own is None:
        return None
    place = max(0, len(numbers) - 2)
    upper = ".".join(map(str, [*numbers[:place], numbers[place] + 1]))
    low, high = scheme.compare(version, bound), scheme.compare(own[0], upper)  # `~>`: the release is below the next
    return None if low is None or high is None else low >= 0 and high < 0


def _pypi(wanted: str, version: str) -> bool | None:
    """PEP 440, and Poetry's `^`, `~`, `*`, `||`, a bare version."""
    answers = [_pypi_part(part, version) for part in re.split(r"\|\|?", wanted)[:_PARTS_COUNT]]
    return True if True in answers else None if None in answers else False


def _pypi_part(part: str, version: str) -> bool | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # 30 ms: only when needed
    from packaging.version import InvalidVersion, Version

    try:
        clauses = SpecifierSet(",".join(_pep440(part)))
        return clauses.contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion, ValueError):
        return None


def _pep440(part: str) -> Iterator[str]:
    joined = re.sub(r"([<>=!~^])[ \t]+", r"\1", part.strip())
    for word in joined.replace(",", " ").split():
        operator, numbers = word[:1], _release(word[1:])
        if word == "*":
            continue
        if operator == "^" and numbers:
            place = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
            yield f">={word[1:]}"
            yield f"<{'.'.join(map(str, [*numbers[:place], numbers[place] + 1]))}"
        elif operator == "~" and word[1:2] != "=" and numbers:
            place = min(1, len(numbers) - 1)
            yield f">={word[1:]}"
            yield f"<{'.'.join(map(str, [*numbers[:place], numbers[place] + 1]))}"
        elif operator.isdigit():
            yield f"=={word}"
        elif operator == "=" and word[1:2] != "=":
            yield f"={word}"
        else:
            yield word


def _nuget(wanted: str, version: str) -> bool | None:
    """A range holds whatever lies in it; a floating one (`1.*`) takes no pre-release by itself."""
    bounds = constraint_forms.nuget(wanted)
    if "*" in wanted and "-" in version.partition("+")[0]:
        return None
    return _judge(SCHEMES["nuget"], None if bounds is None else [bounds], version)


def _pub(wanted: str, version: str) -> bool | None:
    """pub orders what follows `+` too; where that would decide, nobody here can tell."""
    bounds = constraint_forms.pub(wanted)
    if bounds is None or "+" in wanted or ("+" in version and any(one in ("=", "<=", ">") for one, _ in bounds)):
        return None
    release, dash, _ = version.partition("+")[0].partition("-")
    low = [bound for operator, bound in bounds if operator[0] == ">" and bound.partition("-")[0] == release]
    if dash and ("<", release) in bounds and not any("-" in bound for bound in low):
        return False  # `<2.0.0` leaves out the pre-releases of 2.0.0 as well, unless the lower bound is one
    return _judge(SCHEMES["semver"], [bounds], version)


def _hex(wanted: str, version: str) -> bool | None:
    """Whether a pre-release is taken depends on more than the constraint."""
    answer = _judge(SCHEMES["semver"], constraint_forms.hex_(wanted), version)
    return None if answer and "-" in version.partition("+")[0] and "-" not in wanted else answer


def _hackage(wanted: str, version: str) -> bool | None:
    """A range of Cabal, or what Stack names as it stands: a package with its version, a snapshot."""
    return True if wanted == version else haskell_ranges.allows(wanted, version)


_READERS: dict[str, Callable[[str, str], bool | None]] = {
    "cargo": _cargo,
    "composer": _composer,
    "conan": conan_ranges.allows,
    "gem": _gem,
    "golang": _go,
    "hackage": _hackage,
    "hex": _hex,
    "maven": gradle_versions.allows,
    "npm": _npm,
    "nuget": _nuget,
    "pub": _pub,
    "pypi": _pypi,
    "swift": swift_versions.allows,
}
