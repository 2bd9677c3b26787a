"""OpenVEX: `read` 0.2 and 0.0.1, `write` a report's findings or any statements as 0.2."""

from assay.formats.openvex_read import CONTEXT, JUSTIFICATIONS, read
from assay.formats.openvex_write import statements, write, write_statements

__all__ = ["CONTEXT", "JUSTIFICATIONS", "read", "statements", "write", "write_statements"]
