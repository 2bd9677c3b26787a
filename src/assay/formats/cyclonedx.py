"""CycloneDX: `write` 1.4-1.7 JSON, `read` 1.2-1.7 JSON."""

from assay.formats.cyclonedx_read import read, read_document
from assay.formats.cyclonedx_write import write

__all__ = ["read", "read_document", "write"]
