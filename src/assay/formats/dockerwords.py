"""Words of a Dockerfile's instruction: quotes and escapes as BuildKit's parser keeps them."""

QUOTES = "'\""


def split(text: str, escape: str) -> list[str]:
    """Words between white space; quotes hold a word together and stay in it, an escape keeps what follows it.

    >>> split('A="b c" D=e\\\\ f', "\\\\")
    ['A="b c"', 'D=e\\\\ f']
    """
    found: list[str] = []
    word: list[str] = []
    quote = ""
    has_word = False
    at, size = 0, len(text)
    while at < size:
        letter = text[at]
        at += 1
        if not quote and letter.isspace():
            if has_word:
                found.append("".join(word))
            word, has_word = [], False
            continue
        if letter == escape and quote != "'":
            if at == size:  # an escape with nothing behind it is left out
                break
            word.append(letter)
            letter = text[at]
            at += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in QUOTES:
            quote = letter
        word.append(letter)
        has_word = True
    if has_word and word:
        found.append("".join(word))
    return found


def flags(text: str) -> tuple[tuple[str, ...], str]:
    r"""The flags an instruction's arguments begin with, without their quotes, and what follows them.

    Here the escape is always a backslash, whatever the directive says; `--` alone ends the flags.

    >>> flags("--from=a --x='b c' rest --not")
    (('--from=a', '--x=b c'), 'rest --not')
    """
    found: list[str] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if not text.startswith("--", at):
            return tuple(found), text[at:]
        word, at = _flag(text, at)
        if word == "--":
            return tuple(found), text[at:]
        found.append(word)


def _flag(text: str, at: int) -> tuple[str, int]:
    """One flag from where it begins, and where it ends."""
    word: list[str] = []
    quote = ""
    while at < len(text):
        letter = text[at]
        if not quote and letter.isspace():
            break
        at += 1
        if letter == quote:
            quote = ""
            continue
        if not quote and letter in QUOTES:
            quote = letter
            continue
        if letter == "\\":
            if at == len(text):
                break
            letter = text[at]
            at += 1
        word.append(letter)
    return "".join(word), at


def unquoted(word: str, escape: str) -> str:
    """A word as the shell would read it, without quotes and escapes.

    >>> unquoted('"E"OF', "\\\\")
    'EOF'
    """
    letters: list[str] = []
    quote = ""
    at = 0
    while at < len(word):
        letter = word[at]
        at += 1
        if letter == quote:
            quote = ""
        elif not quote and letter in QUOTES:
            quote = letter
        elif letter == escape and quote != "'":
            letters.append(word[at : at + 1])
            at += 1
        else:
            letters.append(letter)
    return "".join(letters)


def is_closed(text: str, escape: str) -> bool:
    """Whether every quote of a line is closed; where one is not, BuildKit looks for no here-documents.

    >>> is_closed("cat <<'EOF", "\\")
    False
    """
    quote = ""
    at = 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter == quote:
            quote = ""
        elif letter == escape and quote != "'":
            at += 1
        elif not quote and letter in QUOTES:
            quote = letter
    return not quote
