"""Which compressor shapes an image: the one its lock was promised, or none."""

import zlib
from contextlib import closing
from hashlib import sha256

import msgspec
import pytest

from assay.adapters.layout_sink import layout_sink
from assay.adapters.localinputs import FolderInputs
from assay.adapters.spool import FileSpool
from assay.build.spec_read import read_spec
from assay.flows.build import build
from assay.flows.lock import Locking, make_lock
from assay.flows.shaping import compressor, shaping_names, shaping_tools
from assay.formats import compressors
from assay.model.errors import UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from fakes.contentstore import MemoryContentStore

SPEC = b"""
apiVersion: assay.build/v1
kind: Image
metadata: {name: t, version: "1"}
epoch: 1700000000
sources: {motd: {type: file, path: motd, sha256: %s}}
image: {install: [{from: sources.motd, to: /etc/motd}]}
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "motd").write_bytes(b"moin" * 1000)
    placed = read_spec(SPEC % sha256(b"moin" * 1000).hexdigest().encode(), where="assay.yaml")
    store = MemoryContentStore()
    inputs = FolderInputs(tmp_path, DEFAULT_LIMITS)
    return placed, make_lock(placed, Locking(inputs=inputs, fetcher=None, store=store, limits=DEFAULT_LIMITS)), store


def promised(lock, golden):
    tools = tuple(msgspec.structs.replace(tool, golden=str(golden)) if tool.golden else tool for tool in lock.tools)
    return msgspec.structs.replace(lock, tools=tools)


def made(placed, lock, store, out):
    with closing(FileSpool()) as spool, layout_sink(out, DEFAULT_LIMITS) as sink:
        layer = build(placed, lock, store, spool, sink, tag="1", limits=DEFAULT_LIMITS).images[0].layers[0]
    return layer, (out / "blobs" / "sha256" / layer.descriptor.digest.hex).read_bytes()


def test_a_lock_made_when_gzip_was_zlib_still_gives_its_bytes(project, tmp_path):
    placed, lock, store = project
    old = promised(lock, compressors.golden("zlib"))
    now, packed_now = made(placed, lock, store, tmp_path / "now")
    then, packed_then = made(placed, old, store, tmp_path / "then")
    assert now.diff_id == then.diff_id
    assert packed_now != packed_then
    data = zlib.decompress(packed_then, 31)
    assert sha256(data).hexdigest() == then.diff_id.hex
    assert packed_then == b"".join(compressors.compress([data], compressors.row("zlib")))
    assert {tool.name for tool in shaping_tools(placed.spec, old)} == {"gzip", "tar"}


def test_a_promise_nothing_here_keeps_is_refused(project, tmp_path):
    placed, lock, store = project
    with pytest.raises(UnsupportedError) as caught:
        made(placed, promised(lock, "sha256:" + "0" * 64), store, tmp_path / "out")
    assert caught.value.where == "gzip"
    assert not (tmp_path / "out").exists()


def test_without_a_lock_the_name_alone_decides(project):
    placed, lock, _ = project
    assert shaping_tools(placed.spec) == shaping_tools(placed.spec, lock) == lock.tools
    assert {tool.name for tool in lock.tools} == shaping_names(placed.spec)
    assert compressor(placed.spec, lock).feeding == "members of 4194304"
