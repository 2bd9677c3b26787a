"""From inventory to findings: cataloguers, versions, matching, VEX."""
