"""SPDX tag-value: `write` 2.3, `read` 2.2 and 2.3."""

from assay.formats.spdx_tagvalue_read import read
from assay.formats.spdx_tagvalue_write import write

__all__ = ["read", "write"]
