"""The options of the program, read from its source, so that no test has a list of its own that could miss one."""

import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "cli/arguments.c"


def options():
    """{long name: (short name or "", "no", "required" or "optional" argument)} of cli/arguments.c."""
    text = SOURCE.read_text(encoding="utf-8")
    rows = re.findall(r"""\{"([^"]+)", (no|required|optional)_argument, NULL, (\w+|'\w')\}""", text)
    assert len(rows) == len(re.findall("_argument", text)), "a row of the table of options looks different"
    [letters] = re.findall(r'getopt_long\(argc, argv, ":([^"]*)"', text)
    short = {value.strip("'"): kind for _, kind, value in rows if value.startswith("'")}
    assert letters == "".join(letter + {"no": "", "required": ":", "optional": "::"}[kind] for letter, kind in short.items())
    return {name: (value.strip("'") if value.startswith("'") else "", kind) for name, kind, value in rows}
