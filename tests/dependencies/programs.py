"""Programs as bytes, made by hand: just enough of ELF, PE and Mach-O to carry Go build information."""

from struct import pack
from typing import Literal

Order = Literal["little", "big"]
MAGIC = b"\xff Go buildinf:"
START, END = bytes(range(16)), bytes(range(16, 32))


def wrapped(modinfo: str) -> bytes:
    """The module text between the linker's sentinels."""
    return START + modinfo.encode() + END if modinfo else b""


def leb(number: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def inline(toolchain: str, modinfo: str, width: int = 8) -> bytes:
    """The header and strings of Go 1.18 and later."""
    text, mod = toolchain.encode(), wrapped(modinfo)
    return MAGIC + bytes([width, 2]) + bytes(16) + leb(len(text)) + text + leb(len(mod)) + mod


def pointed(toolchain: str, modinfo: str, address: int, width: int, order: Order) -> bytes:
    """The header before Go 1.18, with two string headers and the strings behind it; mapped at `address`."""
    text, mod = toolchain.encode(), wrapped(modinfo)
    first = address + 32
    second = first + 2 * width
    body = second + 2 * width

    def number(value: int) -> bytes:
        return value.to_bytes(width, order)

    header = (MAGIC + bytes([width, int(order == "big")]) + number(first) + number(second)).ljust(32, b"\0")
    strings = number(body) + number(len(text)) + number(body + len(text)) + number(len(mod))
    return header + strings + text + mod


def elf(
    content: bytes,
    *,
    wide: bool = True,
    order: Order = "little",
    address: int = 0x40000,
    section: bytes | None = b".go.buildinfo",
) -> bytes:
    """An ELF file with one writable segment that holds `content`; with a section of this name, or no sections."""
    e = "<" if order == "little" else ">"
    header, program = (64, 56) if wide else (52, 32)
    at = header + program
    names = b"\0" + (section or b"") + b"\0.shstrtab\0"
    sections_at = at + len(content) + len(names)
    word = "Q" if wide else "L"
    rows = []
    if section is not None:
        table = [
            (0, 0, 0, 0, 0),
            (1, 1, address, at, len(content)),
            (len(section) + 2, 3, 0, at + len(content), len(names)),
        ]
        for name, kind, where, offset, size in table:
            rows.append(pack(f"{e}LL4{word}LL2{word}", name, kind, 3, where, offset, size, 0, 0, 1, 0))
    step = 64 if wide else 40
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "little" else 2, 1]) + bytes(9)
    head = ident + pack(
        f"{e}HHL3{word}L6H", 2, 62, 1, 0, header, sections_at if rows else 0, 0, header, program, 1, step, len(rows),
        2 if rows else 0,
    )  # fmt: skip
    if wide:
        segment = pack(f"{e}LL6Q", 1, 6, at, address, address, len(content), len(content), 4096)
    else:
        segment = pack(f"{e}8L", 1, at, address, address, len(content), len(content), 6, 4096)
    return head + segment + content + names + b"".join(rows)


def pe(content: bytes) -> bytes:
    """A PE32+ file with one writable data section."""
    header = 128
    optional = pack("<H22xQ", 0x20B, 0x400000).ljust(112, b"\0")
    at = header + 24 + len(optional) + 40
    coff = b"PE\0\0" + pack("<HHLLLHH", 0x8664, 1, 0, 0, 0, len(optional), 0x22)
    row = b".data\0\0\0" + pack("<6L2HL", len(content), 0x1000, len(content), at, 0, 0, 0, 0, 0xC0000040)
    return (b"MZ\x90\0".ljust(0x3C, b"\0") + pack("<L", header)).ljust(header, b"\0") + coff + optional + row + content


def macho(content: bytes, *, section: bytes = b"__go_buildinfo") -> bytes:
    """A 64-bit Mach-O file with one writable segment that holds one section."""
    at = 32 + 72 + 80
    row = (
        section.ljust(16, b"\0")
        + b"__DATA".ljust(16, b"\0")
        + pack("<2Q8L", 0x1000, len(content), at, 4, 0, 0, 0, 0, 0, 0)
    )
    segment = pack("<LL16s4Q4L", 0x19, 72 + 80, b"__DATA", 0x1000, len(content), at, len(content), 3, 3, 1, 0)
    return (
        b"\xcf\xfa\xed\xfe" + pack("<7L", 0x1000007, 3, 2, 1, len(segment) + len(row), 0, 0) + segment + row + content
    )


def universal(*programs: bytes, wide: bool = False) -> bytes:
    """A universal (fat) Mach-O file of several programs, each on a page of its own."""
    page, table, body = 4096, b"", b""
    for program in programs:
        at = page + len(body)
        place = pack(">2Q2L", at, len(program), 12, 0) if wide else pack(">3L", at, len(program), 12)
        table += pack(">2L", 0x1000007, 3) + place
        body += program.ljust(-(-len(program) // page) * page, b"\0")
    head = (b"\xca\xfe\xba\xbf" if wide else b"\xca\xfe\xba\xbe") + pack(">L", len(programs)) + table
    return head.ljust(page, b"\0") + body
