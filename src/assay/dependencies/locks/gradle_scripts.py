"""What a `build.gradle` or `build.gradle.kts` asks for, as far as it is written out (Gradle, "Declaring dependencies").

A script is a program and is not run: of it the block `dependencies` of the project itself is read. Whatever else adds
or changes dependencies is said, with its line.
"""

from collections.abc import Iterator

from assay.dependencies.locks.tokens import Token, closed, parted, tokens
from assay.dependencies.sheets import Wish
from assay.model.patterns import lazy

_NOTATION = lazy(r"([\w.-]{1,200}):([\w.-]{1,200})(?::([^:@]{0,300}))?(?::[^:@]{0,200})?(?:@\w{1,50})?")
_VARIABLE = lazy(r"\$(?:\{([A-Za-z_]\w{0,100})\}|([A-Za-z_]\w{0,100}))")
_LOCAL = frozenset(
    ["project", "files", "fileTree", "gradleApi", "gradleTestKit", "localGroovy", "gradleKotlinDsl", "projects"]
)
_WRAPPERS = {
    "platform": "whether platforms are locked",
    "enforcedPlatform": "whether platforms are locked",
    "testFixtures": "how its fixtures are published",
    "variantOf": "its variant",
}
"""Words around a dependency, and what its presence in a lock then depends on."""
_BRANCHES = frozenset({"if", "else", "for", "while", "when", "switch", "try"})
_SILENT = frozenset({"constraints", "modules", "components", "artifactTypes", "attributesSchema"})
"""Blocks beside dependencies that add none."""
_CHOOSERS = frozenset({"resolutionStrategy", "dependencySubstitution", "enforcedPlatform", "force"})
"""Words after which Gradle may take a version that no dependency asks for."""
_SHARED = frozenset({"subprojects", "allprojects", "sourceSets"})
_TERMS = frozenset({"strictly", "require", "prefer", "reject"})
_COMPILED = ("Implementation", "CompileOnlyApi", "CompileOnly", "Compile", "Api")
_RUN = ("RuntimeOnly", "Runtime")
_KEYS = frozenset({"group", "name", "version", "ext", "classifier", "configuration", "transitive"})
CATALOG = "catalog"
"""`Wish.source` of a name that a version catalog explains."""


def wishes(written: str, undecided: list[str]) -> Iterator[Wish]:
    """The dependencies of a script; what could not be followed goes to `undecided`."""
    found = list(tokens(written, computed="$", nested=False))
    words = {token.text: token.line for token in found if token.kind == "word"}
    known = _variables(found)
    chosen = sorted(_CHOOSERS & words.keys())
    undecided.extend(f"line {words[word]}: {word} may choose other versions than are asked for" for word in chosen)
    for wish in _blocks(found, known, undecided):
        yield Wish(wish.name, "", wish.source, wish.marker, wish.group) if chosen else wish


def project(written: str) -> tuple[str, str]:
    """Group and version, where the script itself gives them as texts (not inside a block)."""
    found: dict[str, str] = {}
    depth = 0
    before: Token | None = None
    for token in tokens(written, computed="$", nested=False):
        if token.kind == "mark":
            depth += (token.text in "([{") - (token.text in ")]}")
            before = before if token.text == "=" else None
        elif not depth and token.kind == "text" and before is not None and before.line == token.line:
            found.setdefault(before.text, token.text)
        elif token.kind == "word":
            before = token if token.text in ("group", "version") else None
    return found.get("group", ""), found.get("version", "")


def _variables(found: list[Token]) -> dict[str, str]:
    """Names that are given one text, once, anywhere."""
    known: dict[str, set[str]] = {}
    for index, token in enumerate(found[:-2]):
        if token.kind == "word" and found[index + 1].text == "=" and found[index + 1].kind == "mark":
            value = found[index + 2]
            known.setdefault(token.text, set()).add(value.text if value.kind == "text" else "\0")
    return {name: next(iter(values)) for name, values in known.items() if len(values) == 1 and "\0" not in values}


def _blocks(found: list[Token], known: dict[str, str], undecided: list[str]) -> Iterator[Wish]:
    """Blocks named `dependencies`: the project's own are read, those of others are spoken of."""
    index, above = 0, list[str]()
    while index < len(found):
        token = found[index]
        if token.kind == "mark" and token.text == "{":
            name = _named(found, index)
            if name == "dependencies" and "buildscript" not in above and "pluginManagement" not in above:
                end = closed(found, index)
                if above:
                    undecided.append(f"line {token.line}: dependencies inside {above[-1] or 'a block'} are not read")
                else:
                    yield from _statements(found[index + 1 : end - 1], known, undecided)
                index = end
                continue
            above.append(name)
        elif token.kind == "mark" and token.text == "}" and above:
            above.pop()
        elif token.text == "apply" and token.kind == "word" and [t.text for t in found[index + 1 : index + 3]] in (
            ["from", ":"], ["(", "from"],
        ):  # fmt: skip
            undecided.append(f"line {token.line}: another script is applied, and not read")
        index += 1


def _named(found: list[Token], index: int) -> str:
    """The word before a brace; past the bracket of an argument."""
    at = index - 1
    if at >= 0 and found[at].text == ")":
        while at >= 0 and found[at].text != "(" and index - at < 50:
            at -= 1
        at -= 1
    return found[at].text if at >= 0 and found[at].kind == "word" else ""


def _statements(found: list[Token], known: dict[str, str], undecided: list[str]) -> Iterator[Wish]:
    index = 0
    while index < len(found):
        head = found[index]
        index += 1
        if head.kind == "mark":
            if head.text == "{":
                index = closed(found, index - 1)
            continue
        end, arguments, block = _statement(found, index)
        if head.text in _BRANCHES:
            undecided.append(f"line {head.line}: what a condition adds is not read")
        elif head.text not in _SILENT and arguments:
            if head.text == "add" and arguments[0].kind == "text" and arguments[1:2]:
                head, arguments = arguments[0], arguments[2:]
            yield from _declared(head, arguments, _rich(block), known, undecided)
        index = end


def _statement(found: list[Token], index: int) -> tuple[int, list[Token], list[Token]]:
    """Where a statement ends, its arguments, and the block behind them."""
    begun, line = index, found[index - 1].line
    if index < len(found) and found[index].text == "(" and found[index].line == line:
        index = closed(found, index)
        arguments = found[begun + 1 : index - 1]
        line = found[index - 1].line
    else:
        while index < len(found) and (found[index].line == line or found[index - 1].text == ","):
            if found[index].text == "{":
                break
            index = closed(found, index) if found[index].text in "([" else index + 1
            line = found[index - 1].line
        arguments = found[begun:index]
    if index < len(found) and found[index].text == "{" and found[index].line == line:
        end = closed(found, index)
        return end, arguments, found[index + 1 : end - 1]
    return index, arguments, []


def _rich(block: list[Token]) -> str:
    """`version { strictly '…'; prefer '…' }`, the terms joined by ` and `; a computed one is `?`."""
    for index, token in enumerate(block[:-1]):
        if token.text == "version" and token.kind == "word" and block[index + 1].text == "{":
            inner = block[index + 2 : closed(block, index + 1) - 1]
            return " and ".join(_terms(inner))
    return ""


def _terms(inner: list[Token]) -> Iterator[str]:
    name = ""
    for token in inner:
        if token.kind == "word":
            name = token.text
            if name == "rejectAll":
                yield "reject +"
        elif token.kind in ("text", "template") and name in _TERMS:
            yield f"{name} {token.text if token.kind == 'text' else '?'}"


def _declared(
    head: Token, arguments: list[Token], rich: str, known: dict[str, str], undecided: list[str]
) -> Iterator[Wish]:
    """The wishes of one statement: `implementation 'g:a:1', libs.b`."""
    group = classpath(head.text)
    parts = list(parted(arguments))
    if _keyed(parts):
        parts = [_joined(parts, known)]
    for part in parts:
        answer = _one(part, group, rich, known)
        if answer is None:
            undecided.append(f"line {head.line}: what {head.text[:50]} adds is not read")
        elif answer.name:
            yield answer


def _one(part: list[Token], group: str, rich: str, known: dict[str, str], marker: str = "") -> Wish | None:
    """A wish; one without a name for what is no package; None for what cannot be followed."""
    if not part:
        return Wish("")
    first = part[0]
    if first.kind == "word" and first.text in _WRAPPERS and part[1:2] and part[1].text == "(" and not marker:
        return _one(part[2 : closed(part, 1) - 1], group, rich, known, _WRAPPERS[first.text])
    if first.kind == "word" and first.text in _LOCAL:
        return Wish("")
    if first.kind == "word" and first.text == "kotlin" and len(part) > 2 and part[2].kind == "text":
        return Wish(f"org.jetbrains.kotlin:kotlin-{part[2].text}", rich, "", marker, group)
    if first.kind == "word":
        name = _accessor(part)
        return Wish(name, rich, CATALOG, marker, group) if name else None
    if first.kind == "mark" or len(part) > 1:
        return None
    return _notation(first, group, rich, known, marker)


def _notation(token: Token, group: str, rich: str, known: dict[str, str], marker: str) -> Wish | None:
    text = _filled(token.text, known) if token.kind == "template" else token.text
    match = _NOTATION.fullmatch(text)
    if match is None:
        return None
    return Wish(f"{match[1]}:{match[2]}", rich or (match[3] or "").strip(), "", marker, group)


def _filled(text: str, known: dict[str, str]) -> str:
    """A text with the variables of this file; of others the names stay, as `${name}`: another file may know them."""
    return _VARIABLE.sub(lambda match: _value(match[1] or match[2], known), text)


def _value(name: str, known: dict[str, str]) -> str:
    return known.get(name, f"${{{name}}}")


def _accessor(part: list[Token]) -> str:
    """`libs.spring.core` of `libs.spring.core` or `libs.spring.core.get()`."""
    words = [token.text for token in part if token.text not in ".()"]
    if any(token.text not in ".()" for token in part if token.kind != "word"):
        return ""
    if words[-1] == "get":
        words.pop()
    return ".".join(words) if len(words) > 1 and words[0].endswith(("libs", "Libs")) else ""


def _keyed(parts: list[list[Token]]) -> bool:
    return bool(parts) and all(len(part) > 2 and part[0].text in _KEYS and part[1].text in ":=" for part in parts)


def _joined(parts: list[list[Token]], known: dict[str, str]) -> list[Token]:
    """`group: 'g', name: 'a', version: 'v'` as one notation."""
    values = {part[0].text: part[2] for part in parts}
    line = parts[0][0].line
    texts = []
    for key in ("group", "name", "version"):
        token = values.get(key)
        if token is None:
            texts.append("")
        elif token.kind == "word":
            texts.append(_value(token.text, known))
        else:
            texts.append(token.text)
    return [Token("template", ":".join(texts if texts[2] else texts[:2]), line)]


def classpath(configuration: str) -> str:
    """The configuration that Gradle resolves for one that a script adds to.

    >>> classpath("implementation"), classpath("testRuntimeOnly"), classpath("annotationProcessor")
    ('compileClasspath', 'testRuntimeClasspath', 'annotationProcessor')
    """
    named = configuration[:1].upper() + configuration[1:]
    for endings, resolved in ((_RUN, "RuntimeClasspath"), (_COMPILED, "CompileClasspath")):
        for ending in endings:
            if named.endswith(ending):
                stem = configuration[: len(configuration) - len(ending)]
                return stem + resolved if stem else resolved[0].lower() + resolved[1:]
    return configuration
