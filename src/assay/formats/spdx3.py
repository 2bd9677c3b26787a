"""SPDX 3.0.1 JSON-LD: `write` and `read`."""

from assay.formats.spdx3_read import read, read_document
from assay.formats.spdx3_write import write

__all__ = ["read", "read_document", "write"]
