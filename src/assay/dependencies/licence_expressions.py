"""One licence text to an SPDX expression: a spelling of the alias table, an identifier, or a compound of them."""

from functools import lru_cache
from itertools import zip_longest

from assay.dependencies.licence_names import ALIASES, EXCEPTIONS

NAME_CHARACTERS, EXPRESSION_CHARACTERS = 250, 4_000
_PARENTHESES = 40
_OPERATORS = {"and": "AND", "or": "OR", "with": "WITH", "&": "AND", "&&": "AND", "|": "OR", "||": "OR"}


@lru_cache(maxsize=8_192)
def expression_of(text: str) -> str:
    """The expression in its official spelling (SPDX 2.3 Annex D); empty when any word of it is unknown."""
    return _name(text) or _expression(text)


def fold(text: str) -> str:
    """Lower case, one space between words, American spelling, no commas, quotes at the ends or word "version"."""
    words = text.lower().replace("licence", "license").replace(",", " ").strip("\"' .").split()
    return " ".join(word for word in words if word != "version")


def _name(text: str) -> str:
    """The SPDX expression of one name; empty when it is unknown."""
    folded = _later(fold(text))
    return ALIASES.get(folded) or _identifier(text.strip())


def _later(folded: str) -> str:
    for words in (" or later", " or newer", " or any later", " or (at your option) any later"):
        folded = folded.replace(words, "+")
    return folded


@lru_cache(maxsize=8_192)
def _identifier(text: str) -> str:
    """A single SPDX identifier in its official spelling; deprecated GNU identifiers become current ones."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression  # 20 ms: only when needed

    if not text or len(text) > NAME_CHARACTERS or not text.isascii() or " " in text or "(" in text or ")" in text:
        return ""
    try:
        found = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""
    return ALIASES.get(found.lower(), found)


def _exception(text: str) -> str:
    """An SPDX exception by identifier, or by its word before "exception"; empty when it is unknown."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    folded = fold(text)
    word = folded.removesuffix("exception").strip(" -")
    for name in (text.strip().replace(" ", "-"), EXCEPTIONS.get(word, "")):
        if not name or not name.isascii() or "(" in name or ")" in name or len(name) > NAME_CHARACTERS:
            continue
        try:
            return str(canonicalize_license_expression(f"MIT WITH {name}")).removeprefix("MIT WITH ")
        except InvalidLicenseExpression:
            continue
    return ""


def _expression(text: str) -> str:
    """A compound expression whose every operand is known; empty otherwise (SPDX 2.3 Annex D)."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if len(text) > EXPRESSION_CHARACTERS or text.count("(") > _PARENTHESES or not text.isascii():
        return ""
    tokens = _tokens(_commas(text))
    resolved: list[str] = []
    for position, token in enumerate(tokens):
        if token in ("(", ")", "AND", "OR", "WITH"):
            resolved.append(token)
            continue
        after_with = position > 0 and tokens[position - 1] == "WITH"
        operand = _exception(token) if after_with else _name(token)
        if not operand:
            return ""
        alone = " " not in operand
        resolved.append(operand if alone else f"({operand})")
    if "WITH" in tokens and any(r.startswith("(") and len(r) > 1 for r in resolved):
        return ""
    for place in range(len(resolved) - 2):
        if resolved[place] == "(" and resolved[place + 2] == ")":
            resolved[place] = resolved[place + 2] = ""
    try:
        return str(canonicalize_license_expression(" ".join(resolved)))
    except InvalidLicenseExpression:
        return ""


def _commas(text: str) -> str:
    """`A or B, and C` as `(A or B) and (C)` (debian/copyright 1.0, "License specification": a comma binds looser)."""
    if "," not in text:
        return text
    out, rest = "(", text
    while rest:
        before, comma, after = rest.partition(",")
        word = after.split(None, 1)[0].lower() if after.strip() else ""
        if comma and word in ("and", "or"):
            rest = after.split(None, 1)[1] if len(after.split(None, 1)) > 1 else ""
            out += f"{before}) {word} ("
        else:
            out, rest = out + before + comma, after
    if out == "(" + text:
        return text
    return (out + ")").replace("( ", "(").replace(" )", ")")


def _tokens(text: str) -> list[str]:
    """Operators, parentheses, and the words between them joined to operands."""
    tokens: list[str] = []
    operand: list[str] = []

    def flush() -> None:
        if operand:
            tokens.append(" ".join(operand))
            operand.clear()

    words = _later_words(text.replace("(", " ( ").replace(")", " ) ").split())
    for word in words:
        operator = _OPERATORS.get(word.lower(), "")
        if operator or word in ("(", ")"):
            flush()
            tokens.append(operator or word)
        else:
            operand.append(word)
    flush()
    return tokens


def _later_words(words: list[str]) -> list[str]:
    """`GPL 2 or later` keeps its "or later" as a plus sign."""
    out: list[str] = []
    skip = False
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if skip:
            skip = False
        elif word.lower() == "or" and following.lower() in ("later", "newer") and out and out[-1] not in "()":
            out[-1] += "+"
            skip = True
        else:
            out.append(word)
    return out
