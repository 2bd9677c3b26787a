"""CycloneDX XML: `write` 1.4-1.7, `read` 1.2-1.7."""

from assay.formats.cyclonedx_xml_read import read
from assay.formats.cyclonedx_xml_write import write

__all__ = ["read", "write"]
