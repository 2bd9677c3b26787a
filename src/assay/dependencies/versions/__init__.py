"""The order of versions: one file per scheme, one table."""

from assay.dependencies.versions.scheme import VERSION_CHARACTERS, Scheme
from assay.dependencies.versions.table import GENERIC, SCHEMES, encoder_versions, scheme_for, scheme_of_type

__all__ = ["GENERIC", "SCHEMES", "VERSION_CHARACTERS", "Scheme", "encoder_versions", "scheme_for", "scheme_of_type"]
