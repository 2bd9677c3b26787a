"""The commands a RUN line holds, by the grammar of tree-sitter-bash. Nothing is run; what is computed is marked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from assay.model.errors import UnsupportedError

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPTH_COUNT = 64
_COMMANDS_COUNT = 5_000
_COMPUTED = frozenset({"command_substitution", "process_substitution", "simple_expansion", "expansion"})
_MAYBE = frozenset(
    {
        "if_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "case_statement",
        "function_definition",
    }
)
"""What runs perhaps, or more than once."""


class Word(msgspec.Struct, frozen=True):
    """One word; `is_computed` where the shell would put something in that the text does not say."""

    text: str
    is_computed: bool = False


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One simple command."""

    name: str
    words: tuple[Word, ...]
    text: str
    line: int
    """Within the RUN line, from 0."""
    pipes_to: tuple[str, ...] = ()
    """First words of the commands that read what it writes, in turn."""
    writes_to: tuple[str, ...] = ()
    """Files it redirects its output to."""
    is_maybe: bool = False
    """Inside a condition, a loop or a function."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words as text."""
        return tuple(word.text for word in self.words)

    @property
    def plain(self) -> tuple[str, ...]:
        """The words that are no options."""
        return tuple(word.text for word in self.words if not word.text.startswith("-"))

    @property
    def is_computed(self) -> bool:
        """Whether any word is decided only when it runs."""
        return any(word.is_computed for word in self.words)


def commands(text: str, where: str) -> tuple[tuple[Command, ...], bool]:
    """The simple commands of a shell text in order, and whether the whole text was understood.

    Raises:
        UnsupportedError: the shell grammar is not installed, or the text nests or holds more than anybody writes.
    """
    try:
        import tree_sitter
        import tree_sitter_bash
    except ImportError as error:
        raise UnsupportedError(
            "the shell grammar is missing",
            where=where,
            why=str(error),
            remedy="pip install 'assay[dockerfile]'",
        ) from error
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
    root = parser.parse(text.encode()).root_node
    found: list[Command] = []
    for command in _walk(root, where):
        if len(found) == _COMMANDS_COUNT:
            raise UnsupportedError("too many commands in one RUN", where=where, why=f"limit {_COMMANDS_COUNT}")
        found.append(command)
    return tuple(found), not root.has_error


def _walk(root: "Node", where: str) -> Iterator[Command]:
    stack: list[tuple[Node, int, bool, tuple[str, ...], tuple[str, ...]]] = [(root, 0, False, (), ())]
    while stack:
        node, depth, maybe, pipes, files = stack.pop()
        if depth > _DEPTH_COUNT:
            raise UnsupportedError("a RUN is nested too deep", where=where, why=f"limit {_DEPTH_COUNT}")
        if node.type in ("command", "declaration_command", "test_command", "variable_assignment"):
            yield _command(node, maybe, pipes, files)
            continue
        maybe = maybe or node.type in _MAYBE
        children = node.named_children
        if node.type == "redirected_statement":
            files = (*files, *(_file(child) for child in children if child.type == "file_redirect"))
            for child in children:
                if child.type == "heredoc_redirect":
                    files = (*files, *(_file(one) for one in child.named_children if one.type == "file_redirect"))
            children = [child for child in children if not child.type.endswith("_redirect")]
        names = [_name(child) for child in children] if node.type == "pipeline" else []
        for place in range(len(children) - 1, -1, -1):
            after = (*names[place + 1 :], *pipes) if names else pipes
            # What stands behind `||` runs only where something failed.
            perhaps = maybe or (node.type == "list" and place > 0 and _joint(node) == "||")
            stack.append((children[place], depth + 1, perhaps, after, files))


def _joint(node: "Node") -> str:
    return next((child.type for child in node.children if child.type in ("&&", "||")), "")


def _file(node: "Node") -> str:
    last = node.named_children[-1:] if node.named_children else []
    text = _word(last[0]).text if last else ""
    return "" if text.isdecimal() or text == "/dev/null" else text  # another descriptor, or nowhere


def _name(node: "Node") -> str:
    """The first words of a part of a pipeline."""
    return " ".join(_text(node).split()[:4])


def _command(node: "Node", maybe: bool, pipes: tuple[str, ...], files: tuple[str, ...]) -> Command:
    words: list[Word] = []
    name = ""
    for child in node.named_children:
        if child.type == "command_name":
            name = _word(child).text
        elif child.type == "variable_assignment" and not name:
            continue
        elif not child.type.endswith("_redirect"):
            words.append(_word(child))
    if node.type == "declaration_command":
        name = node.children[0].type if node.children else "export"
    elif node.type == "test_command":
        name, words = "[", []
    elif node.type == "variable_assignment" or not name:
        name = "="
    return Command(
        name=name,
        words=tuple(words),
        text=" ".join(_text(node).split())[:200],
        line=node.start_point[0],
        pipes_to=pipes,
        writes_to=tuple(file for file in files if file),
        is_maybe=maybe,
    )


def _text(node: "Node") -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _word(node: "Node") -> Word:
    """A word with its quotes taken off."""
    computed = False
    stack = [node]
    while stack:
        one = stack.pop()
        computed = computed or one.type in _COMPUTED
        stack.extend(one.named_children)
    text = _text(node)
    if node.type in ("string", "raw_string") and len(text) > 1:
        text = text[1:-1]
    elif node.type == "concatenation":
        text = "".join(_word(child).text for child in node.children)
    elif node.type == "word":
        text = text.replace("\\", "")
    return Word(text, computed)
