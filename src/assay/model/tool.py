"""Who wrote a document or a report."""

import msgspec


class Tool(msgspec.Struct, frozen=True):
    """Who wrote the report."""

    name: str
    version: str
