"""Go's function tables, made by hand in each of the four layouts, and programs that carry one."""

from collections.abc import Sequence

from dependencies.programs import Order, elf, inline

MAGIC = {"1.2": 0xFFFFFFFB, "1.16": 0xFFFFFFFA, "1.18": 0xFFFFFFF0, "1.20": 0xFFFFFFF1}
ALWAYS = ("runtime.main", "main.main")
MODINFO = "path\t{main}\nmod\t{main}\tv1.0.0\t\n{deps}build\t-compiler=gc\nbuild\tGOARCH=amd64\nbuild\tGOOS=linux\n"


def table(
    names: Sequence[str],
    inlined: Sequence[str] = (),
    *,
    layout: str = "1.20",
    width: int = 8,
    order: Order = "little",
) -> bytes:
    """A table of functions with code (`names`) and of functions that exist only inlined."""

    def number(value: int, size: int = width) -> bytes:
        return value.to_bytes(size, order)

    head = number(MAGIC[layout], 4) + b"\0\0\1" + bytes([width])
    block, places = bytearray(), []
    for name in (*names, *inlined):
        places.append(len(block))
        block += name.encode() + b"\0"
    if layout == "1.2":
        return _old(head, bytes(block), places[: len(names)], number, width)
    wide = width if layout == "1.16" else 4
    rows = (2 * len(names) + 1) * wide
    step = wide + 8
    functions = b"".join(
        number(16 * n, wide) + number(rows + n * step, wide) for n in range(len(names))
    ) + number(16 * len(names), wide)  # fmt: skip
    functions += b"".join(number(16 * n, wide) + number(places[n], 4) + bytes(4) for n in range(len(names)))
    words = 7 if layout == "1.16" else 8
    start = 8 + words * width
    end = start + len(block)
    offsets = [start, end, end, end, end]
    counts = [len(names), 0] + ([0] if words == 8 else [])
    return head + b"".join(map(number, counts + offsets)) + bytes(block) + functions


def _old(head: bytes, block: bytes, places: Sequence[int], number, width: int) -> bytes:
    rows = 8 + width + (2 * len(places) + 1) * width + 4
    step = width + 8
    names_at = rows + step * len(places)
    functions = b"".join(number(16 * n) + number(rows + n * step) for n in range(len(places)))
    functions += number(16 * len(places)) + number(0, 4)
    structs = b"".join(number(16 * n) + number(names_at + place, 4) + b"junk" for n, place in enumerate(places))
    return head + number(len(places)) + functions + structs + block


def go_program(
    names: Sequence[str],
    inlined: Sequence[str] = (),
    *,
    main: str = "example.test/app",
    modules: Sequence[str] = (),
    toolchain: str = "go1.22.1",
    modinfo: str = "",
    layout: str = "1.20",
) -> bytes:
    """An ELF program with build information and a function table that no section names."""
    deps = "".join(f"dep\t{module}\tv1.0.0\th1:x\n" for module in modules)
    info = inline(toolchain, modinfo or MODINFO.format(main=main, deps=deps))
    return elf(info + bytes(-len(info) % 16) + table((*ALWAYS, *names), inlined, layout=layout))
