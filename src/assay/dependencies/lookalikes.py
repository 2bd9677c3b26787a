"""Which well-known name another name looks like, and by what change.

The changes are those that typing, reading and guessing make: a letter beside the right one, two letters swapped, one
left out or doubled, another sign of the same shape, another separator, another order of the words, a word added. One
change of a letter leaves half of a name as it is, so names are found by their halves: a question costs a few look-ups,
however many names are known and however long they are.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from assay.dependencies.popular_names import NAMES

NAME_CHARACTERS = 214
"""Longest name looked at (npm's own limit); no well-known name is longer, so no longer one looks like it."""

_SHORT = 5
"""Names with fewer letters have too many honest neighbours for a change of one letter to mean anything."""
_GENERATION = re.compile(r"/v[0-9]+$")
"""Go's major version at the end of a module's path."""
_SEPARATORS = re.compile(r"[-_.]+")
_KEYS = {
    sign: (row, column)
    for row, keys in enumerate(("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"))
    for column, sign in enumerate(keys)
}
"""Row and column of each key."""
_SHAPES = str.maketrans(
    "01i538"  # signs of ASCII, then of Latin, of Cyrillic, of Greek and Armenian
    "ıłíìéèöóüúáà"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0501\u0458"
    "\u03bf\u03bd\u03b1\u03b9\u0578\u057d",
    "ollseblllleeoouuaaaeopcyxlsdjovalnu",
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_AFFIXES = frozenset({
    "api", "app", "cli", "client", "common", "core", "dev", "fix", "helper", "helpers", "io", "js", "lib", "library",
    "module", "new", "next", "node", "npm", "official", "package", "php", "pip", "plus", "pro", "py", "python",
    "python3", "rb", "ruby", "rust", "sdk", "secure", "tool", "tools", "ts", "update", "util", "utils", "v2", "web",
})  # fmt: skip


class Resemblance(NamedTuple):
    """What a name looks like: the weightiest change found."""

    points: int
    known: str
    change: str
    """In words: `one letter is left out`."""


def resemblance(ecosystem: str, name: str) -> Resemblance | None:
    """The well-known name of the same registry that a name looks like without being it, or None.

    Args:
        ecosystem: a purl type; without a list of known names nothing is found.
        name: as its registry writes it.

    >>> resemblance("pypi", "reqeusts")
    Resemblance(points=65, known='requests', change='two neighbouring letters are swapped')
    >>> resemblance("pypi", "Requests"), resemblance("npm", "my-own-thing")
    (None, None)
    """
    if ecosystem not in NAMES or len(name) > NAME_CHARACTERS:
        return None
    index = _index(ecosystem)
    name = _GENERATION.sub("", name.lower()) if ecosystem == "golang" else name.lower()
    bare = _plain(name)
    if name in index.names or (ecosystem in _EQUAL and bare in index.plain):
        return None
    return max(_found(index, name, bare), default=None)


_EQUAL = frozenset({"pypi"})
"""Registries to which `-`, `_` and `.` are one sign (PEP 503)."""


class _Halves(NamedTuple):
    """Known texts by their length and one half of them."""

    texts: frozenset[str]
    fronts: dict[tuple[int, str], list[str]]
    backs: dict[tuple[int, str], list[str]]


class _Index(NamedTuple):
    """The known names of one ecosystem, by everything they are looked up by."""

    names: frozenset[str]
    plain: dict[str, str]
    """With `-` for every separator."""
    joined: dict[str, str]
    """Without separators."""
    shapes: dict[str, str]
    words: dict[tuple[str, ...], str]
    halves: _Halves
    """Of `plain`."""
    scopes: _Halves
    """Scopes, vendors, hosts' owners: what stands before the last slash."""


@cache
def _index(ecosystem: str) -> _Index:
    names = NAMES[ecosystem].split()
    plain = {_plain(name): name for name in names}
    return _Index(
        names=frozenset(names),
        plain=plain,
        joined={text.replace("-", ""): name for text, name in plain.items()},
        shapes={_shape(text): name for text, name in plain.items()},
        words={tuple(sorted(text.split("-"))): name for text, name in plain.items() if "-" in text and "/" not in text},
        halves=_halves(plain),
        scopes=_halves({name.rpartition("/")[0] for name in names if "/" in name}),
    )


def _plain(name: str) -> str:
    return name if name.isalnum() else _SEPARATORS.sub("-", name)


def _halves(texts: Iterable[str]) -> _Halves:
    fronts: dict[tuple[int, str], list[str]] = {}
    backs: dict[tuple[int, str], list[str]] = {}
    for text in texts:
        size = len(text)
        fronts.setdefault((size, text[: size // 2]), []).append(text)
        backs.setdefault((size, text[size // 2 :]), []).append(text)
    return _Halves(frozenset(texts), fronts, backs)


def _shape(text: str) -> str:
    """What the eye sees: signs of one shape become one sign."""
    text = text.translate(_SHAPES)
    for pair, sign in _PAIRS:
        text = text.replace(pair, sign)
    return text


def _found(index: _Index, name: str, bare: str) -> Iterator[Resemblance]:
    known = index.shapes.get(_shape(bare), "")
    if len(known) >= _SHORT and known != index.plain.get(bare):
        plainly = bare.isascii() and bare.isalpha() and "rn" not in bare and "vv" not in bare
        yield Resemblance(60 if plainly else 80, known, "signs of the same shape stand for others")
    joined = index.plain.get(bare) or index.joined.get(bare.replace("-", ""), "")
    if len(joined) >= _SHORT:
        yield Resemblance(60, joined, "only the separators differ")
    turned = index.words.get(tuple(sorted(bare.split("-"))), name)
    if turned != name:
        yield Resemblance(45, turned, "its words stand in another order")
    yield from _edited(index, bare)
    yield from _scoped(index, name)
    yield from _affixed(index, bare)


def _edited(index: _Index, bare: str) -> Iterator[Resemblance]:
    """One change of one letter, or two swapped."""
    for text in _near(index.halves, bare):
        if (
            text.replace("-", "") != bare.replace("-", "")
            and _letters(text) >= _SHORT
            and (change := _change(bare, text))
        ):
            points, words = change
            yield Resemblance(points - (15 if _letters(text) == _SHORT else 0), index.plain[text], words)


def _near(known: _Halves, name: str) -> set[str]:
    """Every known text that one change of one letter, or two swapped, would make; and others that share a half."""
    size = len(name)
    found: set[str] = set()
    for length in (size - 1, size, size + 1):
        middle = length // 2
        found.update(known.fronts.get((length, name[:middle]), ()))
        found.update(known.backs.get((length, name[middle + size - length :]), ()))
    middle = size // 2
    swapped = name[: middle - 1] + name[middle : middle + 1] + name[middle - 1 : middle] + name[middle + 1 :]
    if middle and swapped in known.texts:  # two letters swapped where the halves meet change both
        found.add(swapped)
    return found


def _letters(text: str) -> int:
    """Of the part that a person types: what follows the last slash."""
    return len(text.rpartition("/")[2])


def _change(name: str, known: str) -> tuple[int, str] | None:
    """Points and words for the one change that makes `known` into `name`; None where there are more."""
    whole = max(len(name) - 2, 0)
    if name[-1:] != known[-1:] and name[:whole] != known[:whole]:
        return None  # as nearly always: one change at the end leaves what is before it, one elsewhere leaves the end
    start, end = 0, min(len(name), len(known))
    while start < end and name[start] == known[start]:
        start += 1
    mine, theirs = name[start:], known[start:]
    if len(name) == len(known):
        if mine[1:] == theirs[1:]:
            if mine[0].isdigit() and theirs[0].isdigit():
                return None  # another generation (`sha2`, `sha3`; `argon2`), not another spelling
            if _beside(mine[0], theirs[0]):
                return 65, f"{theirs[0]!r} is the {mine[0]!r} beside it on the keyboard"
            return 45, f"{theirs[0]!r} is {mine[0]!r}"
        if mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:]:
            return 65, "two neighbouring letters are swapped"
        return None
    if len(name) == len(known) + 1 and mine[1:] == theirs:
        return _added(name, known, start)
    if len(name) + 1 == len(known) and mine == theirs[1:]:
        return 60, f"the letter {theirs[0]!r} is left out"
    return None


def _added(name: str, known: str, place: int) -> tuple[int, str]:
    sign = name[place]
    if sign.isdigit():
        return 25, f"the digit {sign!r} is added"
    if place and name[place - 1] == sign:
        return 66, f"the letter {sign!r} is doubled"
    return (35 if place == len(known) else 50), f"the letter {sign!r} is added"


def _beside(one: str, other: str) -> bool:
    """Neighbours on the keyboard, in a row or from row to row."""
    places = _KEYS.get(one), _KEYS.get(other)
    return places[0] is not None and places[1] is not None and max(
        abs(places[0][0] - places[1][0]), abs(places[0][1] - places[1][1])
    ) == 1  # fmt: skip


def _scoped(index: _Index, name: str) -> Iterator[Resemblance]:
    """A scope or vendor that looks like a known one."""
    scope, slash, _ = name.rpartition("/")
    if not slash or scope in index.scopes.texts:
        return
    for text in _near(index.scopes, scope):
        if len(text.rpartition("/")[2].lstrip("@")) >= _SHORT and (change := _change(scope, text)):
            yield Resemblance(change[0] + 5, text, f"the scope is not that one: {change[1]}")


def _affixed(index: _Index, bare: str) -> Iterator[Resemblance]:
    """A known name with a word before or behind it: mostly honest (plug-ins are named so)."""
    first, _, rest = bare.partition("-")
    front, _, last = bare.rpartition("-")
    for word, base in ((first, rest), (last, front)):
        if word in _AFFIXES and len(base) >= _SHORT and (known := index.plain.get(base)):
            yield Resemblance(15, known, f"the word {word!r} is added")
