"""SPDX: `write` 2.3 JSON, `read` 2.2 and 2.3 JSON."""

from assay.formats.spdx_read import read, read_document
from assay.formats.spdx_write import write

__all__ = ["read", "read_document", "write"]
