"""Requests to one repository of a registry (OCI distribution-spec 1.1, Docker Registry HTTP API v2).

Knows URLs, authentication and status codes; nothing of images or evidence. `Docker-Content-Digest` is never believed:
where it contradicts the bytes, the bytes are refused.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import TypeVar
from urllib.parse import urljoin

from assay.adapters.credentials import Credentials
from assay.adapters.deadline import Deadline
from assay.adapters.http import Answer, Download, Http, Request
from assay.adapters.http_errors import clean
from assay.adapters.http_urls import base_url, origin
from assay.adapters.registry_auth import Authorizer, parse_challenge
from assay.adapters.registry_errors import failure, is_missing
from assay.artifact.reference import DOCKER_HUB, Target
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UnsupportedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits

PULL, PUSH, DELETE = "pull", "pull,push", "pull,push,delete"

_HUB_HOST = "registry-1.docker.io"

A = TypeVar("A", Answer, Download)


class RegistryClient:
    """One repository of one registry.

    Args:
        target: a target of scheme `registry`.
        limits: the bounds.
        insecure: authorities that may be spoken to without TLS.
        env: proxies, certificates, credential files.
        http: a client to share; by default one of its own.
        overall: seconds everything together may take; None = no such bound.
    """

    def __init__(
        self,
        target: Target,
        *,
        limits: Limits = DEFAULT_LIMITS,
        insecure: Collection[str] = (),
        env: Mapping[str, str] = {},
        http: Http | None = None,
        overall: float | None = None,
    ) -> None:
        if target.scheme != "registry":
            raise UnsupportedError("not a registry reference", where=str(target), remedy="write registry:NAME")
        self.limits, self.name = limits, target.location
        self.http = http or Http(limits=limits, insecure=insecure, env=env, overall=overall)
        self._base = base_url(_HUB_HOST if target.authority == DOCKER_HUB else target.authority, self.http.insecure)
        self._path = f"{self._base}/v2/{target.repository}"
        self._auth = Authorizer(self.http, Credentials(env, limits), target.authority, target.repository)
        self._users, self._users_lock = 1, threading.Lock()

    def manifest(self, selector: str) -> Answer | None:
        """A manifest or index by tag or digest, bytes as received; None if the registry knows no such thing.

        Raises:
            UntrustedError: the bytes are not the ones the registry announces.
            UnavailableError, UnsupportedError.
        """
        url = f"{self._path}/manifests/{selector}"
        answer = self.send(Request(method="GET", url=url, headers={"Accept": ", ".join(oci.ACCEPT)}), PULL)
        if is_missing(answer):
            return None
        if answer.status != 200:
            raise failure(answer, "the registry does not give the manifest")
        self._check_announced(answer)
        return answer

    def blob(self, digest: Digest, deadline: Deadline, first: int = 0) -> Download:
        """A blob's bytes from offset `first`, still on the wire: status 200 (from 0) or 206 (from `first`), or 416.

        Raises:
            UnavailableError: any other answer.
        """
        url = f"{self._path}/blobs/{digest}"
        headers = {"Range": f"bytes={first}-"} if first else {}
        download = self.open(Request(method="GET", url=url, headers=headers), deadline)
        if download.status in {200, 206, 416}:
            return download
        try:
            raise failure(_short(download), "the registry does not give the blob")
        finally:
            download.close()

    def has_blob(self, digest: Digest) -> bool:
        """Whether the repository surely holds a blob; any answer but 200 means that it may not."""
        return self.send(Request(method="HEAD", url=f"{self._path}/blobs/{digest}"), PULL).status == 200

    def upload(self, data: bytes, digest: Digest) -> None:
        """Store a blob (POST, then one PUT); on failure the upload is cancelled, so nothing half-written stays.

        Raises:
            UnavailableError: refused, or no answer.
        """
        attempt = 0
        deadline = self.http.deadline(self.limits.http_total_seconds)
        while True:
            try:
                self._upload_once(data, digest)
                return
            except UnavailableError:
                # The state of an upload after a broken PUT is unknown: begin again rather than repeat the PUT.
                attempt += 1
                if self.has_blob(digest):
                    return
                if not self.http.pause(attempt, deadline):
                    raise

    def upload_stream(self, chunks: Iterable[bytes], digest: Digest) -> None:
        """Store a blob of any size, piece by piece (distribution-spec 1.1, "Pushing a blob in chunks").

        A blob that fits into one piece goes as a whole. A broken piece is not repeated: nobody knows how much of it
        arrived, and the chunks are gone; the upload is cancelled.

        Raises:
            UnavailableError: refused, or no answer.
        """
        pieces = _pieces(chunks, self.limits.upload_piece_bytes)
        first = next(pieces, b"")
        second = next(pieces, None)
        if second is None:
            self.upload(first, digest)
            return
        place, sent, done = self._begin(), 0, False
        try:
            for piece in chain((first, second), pieces):
                headers = {
                    "Content-Type": "application/octet-stream",
                    "Content-Range": f"{sent}-{sent + len(piece) - 1}",
                }
                request = Request(method="PATCH", url=place, headers=headers, body=piece, retry=False)
                answer = self.send(request, PUSH)
                if answer.status not in {202, 204}:
                    raise failure(answer, "the registry does not take a piece of the blob", writing=True)
                place, sent = self._location(answer), sent + len(piece)
            answer = self.send(
                Request(method="PUT", url=_with_digest(place, digest), headers={}, body=b"", retry=False), PUSH
            )
            done = answer.status in {201, 204}
            if not done:
                raise failure(answer, "the registry does not take the blob", writing=True)
        finally:
            if not done:
                self._cancel(place)

    def delete_manifest(self, digest: Digest) -> None:
        """Delete a manifest by its digest; one that is not there is as good as deleted.

        Raises:
            UnsupportedError: the registry does not delete. UnavailableError: refused, or no answer.
        """
        answer = self.send(Request(method="DELETE", url=f"{self._path}/manifests/{digest}"), DELETE)
        if answer.status not in {200, 202, 204, 404}:
            raise failure(answer, "the registry does not delete the manifest", writing=True)

    def put_manifest(
        self, selector: str, data: bytes, media_type: str, condition: Mapping[str, str] | None = None
    ) -> Answer | None:
        """Store a manifest under a tag or its digest.

        Args:
            selector: tag or digest.
            data: the bytes.
            media_type: its `Content-Type`.
            condition: `If-Match` or `If-None-Match`.

        Returns:
            The registry's answer; None if the condition did not hold (412).

        Raises:
            UnavailableError: refused, or no answer.
        """
        headers = {"Content-Type": media_type, **(condition or {})}
        url = f"{self._path}/manifests/{selector}"
        answer = self.send(Request(method="PUT", url=url, headers=headers, body=data), PUSH)
        if answer.status == 412 and condition:
            return None
        if answer.status not in {200, 201, 202}:
            raise failure(answer, "the registry does not take the manifest", writing=True)
        return answer

    def referrers(self, subject: Digest, after: str = "") -> Answer:
        """One page of the referrers API, whatever its status; `after` is the URL of a following page."""
        url = after or f"{self._path}/referrers/{subject}"
        accept = {"Accept": oci.OCI_INDEX}
        return self.send(Request(method="GET", url=url, headers=accept), PULL)

    def same_origin(self, url: str) -> bool:
        """Whether a URL the registry gave lies at the registry itself."""
        return origin(url) == origin(self._base)

    def share(self) -> "RegistryClient":
        """The same client for one more user; each closes it once."""
        with self._users_lock:
            self._users += 1
        return self

    def close(self) -> None:
        """Close the connections, once the last user has closed."""
        with self._users_lock:
            self._users -= 1
            last = self._users <= 0
        if last:
            self.http.close()

    def send(self, request: Request, actions: str) -> Answer:
        """A request with authentication and a whole answer."""
        limit = self.limits.manifest_bytes
        return self._authorized(request, actions, lambda authorized: self.http.send(authorized, limit=limit))

    def open(self, request: Request, deadline: Deadline) -> Download:
        """A request with authentication and an answer on the wire."""

        def once(authorized: Request) -> Download:
            download = self.http.open(authorized, deadline)
            if download.status == 401:
                download.discard()
            return download

        return self._authorized(request, PULL, once)

    def _authorized(self, request: Request, actions: str, once: Callable[[Request], A]) -> A:
        """Ask; if the registry challenges, answer the challenge and ask once more."""
        shown = self._auth.header(actions) if self.same_origin(request.url) else {}
        answer = once(_with(request, shown))
        if answer.status != 401 or not self.same_origin(request.url):
            return answer
        challenge = parse_challenge(answer.headers.get("www-authenticate", ""))
        if challenge is None:
            return answer
        header = self._auth.answer(challenge, self._base, actions, shown)
        return once(_with(request, header)) if header else answer

    def _begin(self) -> str:
        """Where an upload that begins now goes to."""
        started = self.send(Request(method="POST", url=f"{self._path}/blobs/uploads/", body=b""), PUSH)
        if started.status != 202:
            raise failure(started, "the registry does not take blobs", writing=True)
        return self._location(started)

    def _upload_once(self, data: bytes, digest: Digest) -> None:
        place = self._begin()
        headers = {"Content-Type": "application/octet-stream"}
        done = False
        try:
            put = Request(method="PUT", url=_with_digest(place, digest), headers=headers, body=data, retry=False)
            answer = self.send(put, PUSH)
            done = answer.status in {201, 204}
            if not done:
                raise failure(answer, "the registry does not take the blob", writing=True)
        finally:
            if not done:
                self._cancel(place)

    def _location(self, answer: Answer) -> str:
        location = answer.headers.get("location", "")
        place = urljoin(answer.url, location)
        if not location or not self.same_origin(place):
            raise UnavailableError(
                "the registry takes uploads only elsewhere",
                where=clean(answer.url),
                why=f"Location {clean(place)}" if location else "no Location",
                remedy="ask its operator to announce the address it is reached by",
            )
        return place

    def _cancel(self, place: str) -> None:
        try:
            self.send(Request(method="DELETE", url=place, retry=False), PUSH)
        except (UnavailableError, UnsupportedError, UntrustedError):
            return  # the first failure is the one to report; the registry purges uploads by itself

    def _check_announced(self, answer: Answer) -> None:
        announced = answer.headers.get("docker-content-digest", "").strip()
        computed = str(Digest.of(answer.body))
        if announced.startswith("sha256:") and announced != computed:
            raise UntrustedError(
                "the manifest is not the one the registry announces",
                where=clean(answer.url),
                why=f"announced {announced[:80]}, received {computed}",
                remedy="do not use it; ask the registry's operator",
                step="content",
                code="DIGEST_MISMATCH",
            )


def _with_digest(place: str, digest: Digest) -> str:
    """The Location may have a query of its own (distribution-spec 1.1, "POST then PUT")."""
    return f"{place}{'&' if '?' in place else '?'}digest={digest}"


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`, the last one shorter."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def _with(request: Request, credentials: Mapping[str, str]) -> Request:
    return Request(
        method=request.method,
        url=request.url,
        headers=request.headers,
        credentials=credentials,
        body=request.body,
        retry=request.retry,
    )


def _short(download: Download) -> Answer:
    """The status and headers of an answer whose body nobody needs."""
    return Answer(status=download.status, headers=download.headers, body=b"", url=download.url)
