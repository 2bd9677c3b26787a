"""Asks package indexes which versions were taken back. Only on demand; what is not answered is unknown, never "no".

The answer becomes a property of the component, with the day it was given: `dependencies.suspicion` weighs it. It is a
reason to look, no finding: nothing about a vulnerability follows from it.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase

import msgspec

from assay.dependencies import package_indexes
from assay.flows.freshness import moment
from assay.model.errors import AssayError, UnavailableError
from assay.model.index_state import IndexState
from assay.model.inventory import Component, Inventory
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.indexes import AnswerShelf, Kept, PackageIndexes
from assay.ports.world import Progress, Workers

_FRESH = timedelta(hours=24)
_SILENCES_COUNT = 3
"""So many questions without an answer, and an index is asked no more in this run."""
_REASONS_COUNT = 5
Addresses = dict[str, str | AssayError]
"""Of each ecosystem's index, or why nobody can tell."""


class _Question(msgspec.Struct, frozen=True, order=True):
    ecosystem: str
    name: str
    version: str


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    said: str | None = None
    asked: str = ""
    kept: bool = False
    unknown: str = ""
    """Why nobody can tell."""


def ask_indexes(
    inventories: Sequence[Inventory],
    indexes: PackageIndexes,
    shelf: AnswerShelf,
    workers: Workers,
    *,
    now: str,
    internal: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> tuple[tuple[Inventory, ...], tuple[IndexState, ...]]:
    """The inventories, packages that were taken back marked, and what each index could say.

    Args:
        inventories: whose packages are asked about; each version once.
        indexes: the network.
        shelf: answers of the last day are not asked for again.
        workers: asks side by side.
        now: RFC 3339.
        internal: patterns of names that are nobody else's business, and are not asked for.
        limits: `index_questions_count`, `index_answer_bytes`.
        progress: is told how much is asked.
    """
    questions = sorted({q for inventory in inventories for q in _questions(inventory.components, internal)})
    asked, left = questions[: limits.index_questions_count], questions[limits.index_questions_count :]
    if progress is not None and asked:
        progress.stage(f"asking package indexes about {len(asked)} package{'s' * (len(asked) != 1)}")
    addresses = _addresses(indexes, {question.ecosystem for question in asked})
    run = _Run(indexes, shelf, addresses, now, limits)
    answers = dict(zip(asked, workers.map(run.answer, asked), strict=True))
    answers |= {one: _Answer(unknown=f"only {limits.index_questions_count} packages are asked about") for one in left}
    shelf.save()
    marked = tuple(_marked(inventory, answers) for inventory in inventories)
    return marked, _states(answers, addresses)


class _Run:
    """Answers questions, from the shelf or from the index; falls silent with an index that is silent."""

    def __init__(
        self,
        indexes: PackageIndexes,
        shelf: AnswerShelf,
        addresses: Addresses,
        now: str,
        limits: Limits,
    ) -> None:
        self._indexes, self._shelf, self._addresses = indexes, shelf, addresses
        self._now, self._limits = now, limits
        self._silences: dict[str, int] = {}

    def answer(self, question: _Question) -> _Answer:
        address = self._addresses[question.ecosystem]
        if isinstance(address, AssayError):
            return _Answer(unknown=address.what)
        key = f"{address} {question.name} {question.version}"
        kept = self._shelf.get(key)
        if kept is not None and _is_fresh(kept, self._now):
            return _Answer(said=kept.said, asked=kept.asked, kept=True, unknown=_absent(kept.said))
        if self._silences.get(question.ecosystem, 0) >= _SILENCES_COUNT:
            return _Answer(unknown="the index does not answer")
        try:
            said = self._asked(question)
        except UnavailableError as error:
            self._silences[question.ecosystem] = self._silences.get(question.ecosystem, 0) + 1
            return _Answer(unknown=error.why or error.what)
        except AssayError as error:
            return _Answer(unknown=error.why or error.what)
        self._silences[question.ecosystem] = 0
        self._shelf.put(key, Kept(self._now, said))
        return _Answer(said=said, asked=self._now, unknown=_absent(said))

    def _asked(self, question: _Question) -> str | None:
        form, limit = package_indexes.FORMS[question.ecosystem], self._limits.index_answer_bytes
        data = self._indexes.ask(question.ecosystem, form.path(question.name, question.version), form.accept, limit)
        if data is None:
            return None
        return package_indexes.withdrawn(question.ecosystem, data, question.name, question.version, limit=limit)


def _questions(components: Iterable[Component], internal: Sequence[str]) -> Iterable[_Question]:
    for one in components:
        if package_indexes.is_asked_for(one) and not any(fnmatchcase(one.name, pattern) for pattern in internal):
            yield _of(one)


def _of(component: Component) -> _Question:
    return _Question(component.ecosystem, component.name, component.version)


def _addresses(indexes: PackageIndexes, ecosystems: Iterable[str]) -> Addresses:
    found: Addresses = {}
    for ecosystem in sorted(ecosystems):
        try:
            found[ecosystem] = indexes.address(ecosystem)
        except AssayError as error:
            found[ecosystem] = error
    return found


def _marked(inventory: Inventory, answers: dict[_Question, _Answer]) -> Inventory:
    """The same, with a property for what was taken back; what was recorded before gives way to the index."""
    components = []
    for component in inventory.components:
        answer = answers.get(_of(component)) if package_indexes.is_asked_for(component) else None
        if answer is not None and answer.said:
            name = package_indexes.FORMS[component.ecosystem].property
            reason = "no reason given" if answer.said == "true" else answer.said
            others = tuple(entry for entry in component.properties if entry[0] != name)
            properties = tuple(sorted((*others, (name, f"{reason} (its index, {answer.asked[:10]})"))))
            component = msgspec.structs.replace(component, properties=properties)
        components.append(component)
    return msgspec.structs.replace(inventory, components=tuple(components))


def _states(answers: dict[_Question, _Answer], addresses: Addresses) -> tuple[IndexState, ...]:
    found = []
    for ecosystem, address in addresses.items():
        own = {question: answer for question, answer in answers.items() if question.ecosystem == ecosystem}
        times = sorted(answer.asked for answer in own.values() if answer.asked)
        unknown = {
            f"{question.name} {question.version}: {answer.unknown}" if answer.asked else answer.unknown: None
            for question, answer in own.items()
            if answer.unknown
        }
        found.append(
            IndexState(
                ecosystem=ecosystem,
                index="" if isinstance(address, AssayError) else address,
                asked=times[0] if times else "",
                packages_count=len(own),
                withdrawn_count=sum(bool(answer.said) for answer in own.values()),
                unknown_count=sum(bool(answer.unknown) for answer in own.values()),
                kept_count=sum(answer.kept for answer in own.values()),
                reasons=tuple(unknown)[:_REASONS_COUNT],
            )
        )
    return tuple(found)


def _absent(said: str | None) -> str:
    return package_indexes.UNKNOWN_VERSION if said is None else ""


def _is_fresh(kept: Kept, now: str) -> bool:
    then, today = moment(kept.asked), moment(now)
    return then is not None and today is not None and then <= today < then + _FRESH
