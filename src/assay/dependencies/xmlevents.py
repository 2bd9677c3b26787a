"""The XML of manifests, read as events: no document type, hence no entity; no tree, hence no recursion."""

from collections.abc import Callable, Mapping

from assay.model.errors import MalformedError

Start = Callable[[str, Mapping[str, str]], None]
"""Given an element's name and attributes; may raise to refuse it."""


def read_xml(
    data: bytes,
    bad: Callable[[str], MalformedError],
    *,
    start: Start,
    end: Callable[[str], None],
    text: Callable[[str], object] | None = None,
) -> None:
    """Call the handlers for every element of a document, in its order.

    Args:
        data: the document, bounded by whoever read it.
        bad: the error that says why the document is refused.
        start: asked at an element's begin; what bounds depth and count.
        end: told of an element's end.
        text: given character data, in pieces of any size.

    Raises:
        MalformedError: no well-formed XML, or a document type declaration; and what `start` and `end` raise.
    """
    from xml.parsers import expat  # scans of images seldom meet such a file

    def refuse(*_arguments: object) -> None:
        raise bad("it has a document type declaration")

    reader = expat.ParserCreate()
    reader.StartElementHandler, reader.EndElementHandler = start, end
    if text is not None:
        reader.CharacterDataHandler = text
    reader.StartDoctypeDeclHandler = refuse
    try:
        reader.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise bad(str(error)[:200]) from error
