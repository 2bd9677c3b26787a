"""Conditions of a build that this machine can change around it."""

from contextlib import AbstractContextManager
from typing import Protocol

from assay.model.comparison import Conditions
from assay.model.rebuilding import Variation, VariationName
from assay.ports.sandbox import Sandbox
from assay.ports.workshop import Workshop


class Varying(Protocol):
    """What differs around a second build."""

    def plan(self, wanted: tuple[VariationName, ...]) -> tuple[Variation, ...]:
        """What can be varied of what is wanted, and why the rest cannot; sorted by name."""

    def under(self, names: frozenset[str]) -> AbstractContextManager[Conditions]:
        """Change these conditions of this process and of what it starts; gives what it now runs under."""

    def sandbox(self, names: frozenset[str]) -> Sandbox:
        """A sandbox started with these variations."""

    def workshop(self, names: frozenset[str]) -> Workshop:
        """Room laid out with these variations."""
