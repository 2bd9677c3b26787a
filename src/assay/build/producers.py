"""What a compiler wrote down about itself: a program made for the very processor that built it.

`-march=native` shows in no rebuild on the same machine, so it is looked for instead: in the text of a step, and here,
in the producer that debug data records (DWARF 5 §3.1.1, DW_AT_producer), where the option stands spelled out.
"""

import re

from assay.build.comparators import elf
from assay.model.errors import MalformedError

CODE = "build.native-code"
_SECTIONS = (".debug_str", ".debug_line_str", ".comment", ".GCC.command.line")
_PRODUCER = re.compile(rb"(?:GNU [A-Z]|clang version|rustc version|Go cmd/compile)[\x20-\x7e]{0,4000}")
_MACHINE = re.compile(r"(?<!\S)-m(?:arch|cpu)=(\S{1,60})")
_BASELINES = re.compile(
    r"x86-64(?:-v[234])?|armv[89](?:\.\d)?-a\S*|rv(?:32|64)\S+|generic|z\d{2,3}|power\d{1,2}|i[3-6]86"
)
"""Names of architectures, which a build asks for by itself; everything else names a processor."""


def producers(data: bytes, limit: int) -> tuple[str, ...]:
    """Every producer an ELF file names, sorted; of anything else none.

    Args:
        data: the file.
        limit: greatest size of one inflated section.
    """
    if not elf.ROW.fits("", data):
        return ()
    try:
        found = elf.sections(data, limit)
    except MalformedError:
        return ()
    texts = (section.data for section in found.values() if section.name in _SECTIONS)
    return tuple(sorted({match.decode("ascii") for text in texts for match in _PRODUCER.findall(text)}))


def native(data: bytes, limit: int) -> tuple[str, ...]:
    """Processors an ELF file was made for by name, sorted; architectures are none."""
    told = {machine for producer in producers(data, limit) for machine in _MACHINE.findall(producer)}
    return tuple(sorted(machine for machine in told if not _BASELINES.fullmatch(machine)))
