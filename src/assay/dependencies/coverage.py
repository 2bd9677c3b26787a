"""Which questions about components some feed speaks for, and why none does for the others."""

from collections.abc import Mapping, Sequence, Set

from assay.dependencies.asking import Asked
from assay.model.inventory import Component
from assay.ports.stores import AdvisoryStore, Coverage

_NO_FIXES_FOLLOWED = "in another suite than the image's own: no feed follows its fixes"


def covered_of(
    asked: list[tuple[Component, Asked]], store: AdvisoryStore
) -> tuple[list[tuple[Component, Asked]], set[Asked], dict[Asked, str]]:
    """Questions, a question of which nobody speaks given way to its `instead`; which of them a feed covers; and why
    none does where every feed that speaks of the package has read older versions only.
    """
    questions = dict.fromkeys([question for _, question in asked])
    questions.update(dict.fromkeys([one.instead for one in questions if one.instead is not None]))
    pairs = {(ecosystem, question.name) for question in questions for ecosystem in question.ecosystems}
    spoken = store.coverage(sorted(pairs))

    def speakers(question: Asked) -> list[Coverage]:
        return [one for ecosystem in question.ecosystems for one in spoken.get((ecosystem, question.name), ())]

    chosen = [
        (component, question.instead if question.instead is not None and not speakers(question) else question)
        for component, question in asked
    ]
    covered: set[Asked] = set()
    beyond: dict[Asked, str] = {}
    for question in dict.fromkeys([question for _, question in chosen]):
        bounds = speakers(question)
        why = _beyond(question, bounds)
        if why:
            beyond[question] = why
        elif bounds:
            covered.add(question)
    return chosen, covered, beyond


def _beyond(question: Asked, speakers: Sequence[Coverage]) -> str:
    """Why no feed that speaks of the package has read this version, or empty; what cannot be compared was not read."""
    for one in speakers:
        if not one.newest:  # as nearly always: a feed reads every version
            return ""
    if not speakers:
        return ""
    version, compare = question.version, question.scheme.compare
    if any(compare(version, one.newest) in (-1, 0) for one in speakers):
        return ""
    known = " and ".join(f"the feed {one.feed} knows {question.name} up to {one.newest}" for one in speakers)
    if all(compare(version, one.newest) for one in speakers):
        return f"{known}; {version} is newer"
    return f"{known}; {version or 'an unknown version'} cannot be compared with that"


def is_spoken_for(question: Asked, covered: Set[Asked]) -> bool:
    """Whether silence about it means that it is not affected."""
    return question.tracked and question in covered


def why_uncovered(question: Asked, beyond: Mapping[Asked, str]) -> str:
    """Why no feed speaks for a question; `beyond` as `covered_of` gave it."""
    if not question.tracked:
        return _NO_FIXES_FOLLOWED
    return beyond.get(question) or f"no feed speaks for {question.name} in {question.ecosystems[0]}"
