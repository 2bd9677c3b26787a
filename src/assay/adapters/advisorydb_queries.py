"""What is asked of the advisory database: the texts of its queries, and how many keys become one parameter."""

from collections.abc import Iterable

import msgspec

# Thousands of keys are asked for at once, as one JSON array: a statement each costs more than what it finds. CROSS JOIN
# keeps the array the outer loop; what is found is told by its own key, in the order of the table's.
PACKAGES = "SELECT p.name, p.id FROM json_each(?2) q CROSS JOIN package p WHERE p.ecosystem = ?1 AND p.name = q.value"
RECORDS = "SELECT a.name, a.feed, a.class, a.record FROM json_each(?) q CROSS JOIN advisory a WHERE a.name = q.value"
MEMBERS = "SELECT a.class, a.id FROM json_each(?) q CROSS JOIN alias a WHERE a.class = q.value"
CVES = (
    "SELECT c.id, c.summary, c.state, c.exploitation, c.automatable, c.impact, c.assessed, c.cwes, c.marks "
    "FROM json_each(?) q CROSS JOIN cve c WHERE c.id = q.value"
)
KEVS = "SELECT k.cve, k.added, k.due, k.ransomware FROM json_each(?) q CROSS JOIN kev k WHERE k.cve = q.value"
EPSS = "SELECT e.id, e.score, e.percentile FROM json_each(?) q CROSS JOIN epss e WHERE e.id = q.value"
SCORES = (
    "SELECT s.cve, s.version, s.score, s.severity, s.vector, s.source "
    "FROM json_each(?) q CROSS JOIN score s WHERE s.cve = q.value"
)
PRODUCTS = "SELECT q.value, p.name, p.title, p.category FROM json_each(?) q CROSS JOIN product p WHERE p.name = q.value"
IDENTIFIED = (
    "SELECT q.value, p.name, p.title, p.category FROM json_each(?) q CROSS JOIN product_id i CROSS JOIN product p "
    "WHERE i.id = q.value AND p.name = i.product ORDER BY i.id, i.product"
)
PRODUCT_IDS = (
    "SELECT id, product FROM product_id WHERE product IN (SELECT value FROM json_each(?)) ORDER BY id, product"
)
RELEASES = (
    "SELECT e.product, e.cycle, e.codename, e.released, e.active_until, e.ends, e.extended_until, e.latest, "
    "e.latest_date FROM json_each(?) q CROSS JOIN eol e WHERE e.product = q.value ORDER BY e.product, e.place"
)
RANGE = (
    "SELECT a.name, r.introduced, r.fixed, r.last_affected, r.lim, r.listed, r.state, r.source "
    "FROM range r JOIN advisory a ON a.id = r.advisory WHERE r.package = ?"
)
KEYED = RANGE.replace("r.package = ?", "r.package = ?1") + " AND r.lo <= ?2 AND (r.hi > ?2 OR r.hi = x'')"
TEXT = (
    "SELECT a.name, r.introduced, r.fixed, r.last_affected, r.lim, r.versions, r.state, r.source "
    "FROM range_text r JOIN advisory a ON a.id = r.advisory WHERE r.package = ?"
)
LISTED = "SELECT name, feed, newest FROM coverage WHERE ecosystem = ? AND name <> '' ORDER BY name, feed"
CPES = (
    "SELECT DISTINCT c.cve, c.feed, c.conditions FROM cpe_product p JOIN cpe c ON c.cve = p.cve "
    "WHERE p.product >= ?1 AND (p.product = ?2 OR (NOT ?3 AND p.product < ?2)) ORDER BY c.cve"
)
SPEAKING = (
    "WITH classes AS (SELECT ?1 AS class UNION SELECT class FROM alias WHERE id = ?1) "
    "SELECT name FROM advisory WHERE name = ?1 OR class IN (SELECT class FROM classes) OR instr(record, ?2) "
    "ORDER BY name LIMIT ?3"
)
NAMED = (
    "WITH wanted AS (SELECT id FROM advisory WHERE name IN (SELECT value FROM json_each(?1))) "
    "SELECT ecosystem, name FROM package WHERE id IN (SELECT package FROM range WHERE advisory IN wanted "
    "UNION SELECT package FROM range_text WHERE advisory IN wanted) "
    "UNION SELECT ecosystem, name FROM unaffected WHERE id IN (SELECT value FROM json_each(?2)) ORDER BY 1, 2 LIMIT ?3"
)
WHOLE = "SELECT ecosystem, min(feed) FROM coverage WHERE name = '' GROUP BY ecosystem"
LISTING = "SELECT ecosystem, count(*) FROM coverage WHERE name <> '' GROUP BY ecosystem"
COVERING = "SELECT feed, newest FROM coverage WHERE ecosystem = ? AND name = ? ORDER BY feed"
SPARED = "SELECT id, feed, state FROM unaffected WHERE ecosystem = ? AND name = ? ORDER BY id"
SPARING = "SELECT DISTINCT ecosystem FROM unaffected"
WITH_TEXT = "SELECT DISTINCT package FROM range_text"


def is_text(*values: str) -> bool:
    """Whether a row could hold them: half a surrogate (a byte outside UTF-8 in a file's name) is in none."""
    try:
        return all(value.isascii() or value.encode() for value in values)
    except UnicodeEncodeError:
        return False


def array(values: Iterable[str] | Iterable[int]) -> str:
    """The values as a JSON array, sorted; without those that no row could hold."""
    found = sorted(values)
    try:
        return msgspec.json.encode(found).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode([one for one in found if isinstance(one, str) and is_text(one)]).decode()
