"""Files from a TUF repository, by python-tuf (the extra `tuf`): signed by its roles, fresh, never older than last time.

The workflow is the client's of the TUF specification (§5); python-tuf does it, over our HTTP client. What was seen last
is kept in a folder, so that nobody can serve an older state again.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.adapters.deadline import Deadline
from assay.adapters.http import Http, Request
from assay.adapters.http_errors import Interrupted, clean
from assay.model.errors import AssayError, UnavailableError, UnsupportedError, UntrustedError

_OK = 200


def fetch(url: str, root: bytes, kept: Path, names: Sequence[str], http: Http) -> Mapping[str, bytes]:
    """The named files as the repository's roles vouch for them now.

    Args:
        url: base URL of the repository; targets lie under `targets/`.
        root: the root metadata to begin with, trusted beforehand.
        kept: folder for the metadata seen last; made where it is missing.
        names: target paths.
        http: the client; `limits.trust_file_bytes` bounds each target.

    Raises:
        UnsupportedError: python-tuf is not installed, or a file is too large.
        UntrustedError: `TUF`: a signature, a version, a hash or an expiry does not hold.
        UnavailableError: the repository does not answer or lacks a file, or the folder cannot be written.
    """
    try:
        from tuf.api.exceptions import DownloadError, RepositoryError
        from tuf.ngclient.updater import Updater
    except ImportError as error:
        raise UnsupportedError(
            "this installation cannot read TUF repositories",
            where="assay trust update --public",
            why="python-tuf is not installed",
            remedy="install the extra: pip install 'assay[tuf]'",
        ) from error
    fetcher = _fetcher(http)
    try:
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as folder:
            updater = Updater(
                metadata_dir=str(kept),
                metadata_base_url=url,
                target_dir=folder,
                target_base_url=f"{url.rstrip('/')}/targets/",
                fetcher=fetcher,
                bootstrap=root,
            )
            updater.refresh()
            return {name: _target(updater, name, url, http.limits.trust_file_bytes) for name in names}
    except DownloadError as error:
        raise fetcher.seen or _unavailable(url, type(error).__name__) from error
    except RepositoryError as error:
        raise UntrustedError(
            "the TUF repository does not verify",
            where=clean(url),
            why=f"{type(error).__name__}: {str(error)[:200]}",
            remedy="try again; if it stays so, get a newer release, or the root from its operators",
            code="TUF",
            step="root",
        ) from error
    except OSError as error:
        raise UnavailableError(
            "cannot keep what the TUF repository says",
            where=str(kept),
            why=error.strerror or str(error),
            remedy="check the folder and its permissions",
        ) from error


def _target(updater: Any, name: str, url: str, limit: int) -> bytes:
    found = updater.get_targetinfo(name)
    if found is None:
        raise _unavailable(url, f"it has no {name}")
    if found.length > limit:
        raise UnsupportedError(
            "a file of the TUF repository is too large",
            where=name,
            why=f"{found.length} bytes, limit {limit}",
            remedy="ask its operators",
        )
    return Path(updater.download_target(found)).read_bytes()


def _fetcher(http: Http) -> Any:
    from tuf.api.exceptions import DownloadError, DownloadHTTPError
    from tuf.ngclient.fetcher import FetcherInterface as Base

    class Fetcher(Base):
        """Our HTTP client in python-tuf's socket; `seen` is our own error, which says more than python-tuf's."""

        seen: AssayError | None = None

        def _fetch(self, url: str) -> Iterator[bytes]:
            try:
                download = http.open(Request(method="GET", url=url), Deadline(http.limits.http_document_seconds))
            except AssayError as error:
                self.seen = error
                raise DownloadError(error.what) from error
            if download.status != _OK:
                download.discard()
                raise DownloadHTTPError(f"status {download.status}", download.status)
            return self._chunks(download)

        def _chunks(self, download: Any) -> Iterator[bytes]:
            try:
                yield from download.chunks()
            except Interrupted as error:
                raise DownloadError(str(error)) from error
            finally:
                download.close()

    return Fetcher()


def _unavailable(url: str, why: str) -> UnavailableError:
    return UnavailableError(
        "the TUF repository does not give its files", where=clean(url), why=why, remedy="try again later"
    )
