"""Objects of a repository, brought from elsewhere."""

from contextlib import AbstractContextManager
from typing import Protocol


class GitObjects(Protocol):
    """The objects that were fetched."""

    def read(self, identifier: str) -> tuple[str, bytes]:
        """Kind and bytes of an object, as git gives them: their id is for the caller to check.

        Raises:
            UnavailableError: it is not there. UnsupportedError: larger than any source file may be.
        """

    def tag(self, name: str) -> str | None:
        """Object id a tag points at: of the annotated tag, or of the commit itself; None where there is none."""


class GitFetcher(Protocol):
    """Brings repositories."""

    def fetch(self, url: str, *, commit: str, tag: str) -> AbstractContextManager[GitObjects]:
        """The objects of a commit and a tag, in a folder that is gone afterwards.

        Args:
            url: of the repository.
            commit: full id; empty where the tag alone says which.
            tag: name without `refs/tags/`; empty where the commit alone is wanted.

        Raises:
            UnavailableError: git is missing, or the repository does not answer. UsageError: no such commit or tag.
        """
