"""Dependencies run one way: what the files of a room may include."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ROOMS = {
    "support": set(),
    "kernels": {"support"},
    "weights": {"support"},
    "tokenizer": {"support"},
    "attention": {"kernels", "support"},
    "model": {"attention", "kernels", "weights", "tokenizer", "support"},
    "explain": {"model", "kernels", "support"},
    "cli": {"explain", "model", "support"},
}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_includes_only_what_is_below_it(room):
    for file in sorted((ROOT / room).rglob("*.[chi]*")):
        for included in re.findall(r'#include "(\w+)/', file.read_text()):
            assert included == room or included in ROOMS[room], f"{file.name} includes {included}/"


def test_only_kernels_know_blas_and_intrinsics():
    for room in ROOMS.keys() - {"kernels"}:
        for file in (ROOT / room).rglob("*.[chi]*"):
            assert not re.search(r"#include <(cblas|\w*intrin|arm_neon)\.h>", file.read_text()), file
