"""`Purl`: a package URL as a value (the text form lives in `formats.purl`)."""

import msgspec


class Purl(msgspec.Struct, frozen=True, order=True):
    """A package URL (ECMA-427). All parts are decoded text; absent parts are empty."""

    type: str
    namespace: str
    name: str
    version: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str = ""
