"""A new layout appears whole or not at all, and says what was in its way."""

import pytest

from assay.adapters.layout_sink import layout_sink
from assay.model.digest import Digest
from assay.model.errors import UnavailableError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS

MANIFEST = Descriptor(media_type="application/vnd.oci.image.manifest.v1+json", digest=Digest.of(b"{}"), size=2)


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with layout_sink(tmp_path / "out", DEFAULT_LIMITS) as sink:
        sink.publish(MANIFEST, "1")
    assert (tmp_path / "out" / "index.json").is_file()
    assert [place.name for place in tmp_path.iterdir()] == ["out"]


def test_a_layout_that_came_meanwhile_is_left_alone(tmp_path):
    def write():
        with layout_sink(tmp_path / "out", DEFAULT_LIMITS) as sink:
            sink.publish(MANIFEST, "1")
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "theirs").touch()

    with pytest.raises(UnavailableError, match="somebody made it while this one was made"):
        write()
    assert [place.name for place in tmp_path.iterdir()] == ["out"]
    assert [place.name for place in (tmp_path / "out").iterdir()] == ["theirs"]


def test_what_fails_elsewhere_is_not_put_down_to_the_layout(tmp_path):
    def work():
        with layout_sink(tmp_path / "out", DEFAULT_LIMITS):
            raise OSError(28, "No space left on device", "elsewhere")

    with pytest.raises(OSError, match="elsewhere"):
        work()
    assert list(tmp_path.iterdir()) == []
