"""One-token mutants of C sources: finding them, and drawing a fair sample.

A mutant is one of six kinds: another comparison, an integer off by one, the opposite sign, another constant, a dropped
statement, two swapped arguments. Comments, strings and preprocessor lines are left alone; outside functions only constants
change.
"""

import functools
import random
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

ENDINGS = (".c", ".h", ".inc")
KINDS = ["comparison", "off by one", "sign", "constant", "dropped statement", "swapped arguments"]

TOKEN = re.compile(r"""
    (?P<skipped>\s+|/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[uUlLfF]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<operator><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|&&|\|\||[-+*/%&|^<>=!]=|.)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

COMPARISONS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
               "&&": ["||"], "||": ["&&"]}
SIGNS = {"+": "-", "-": "+", "+=": "-=", "-=": "+=", "++": "--", "--": "++"}
WORDS = {"true": "false", "false": "true"}
CONTROL = {"if", "for", "while", "switch"}
NO_CALL = CONTROL | {"return", "sizeof", "defined", "__attribute__", "_Alignof", "__typeof__"}
NO_STATEMENT = CONTROL | {"return", "do", "else", "case", "default", "goto", "static", "const", "enum", "struct", "union",
                          "typedef", "char", "int", "long", "unsigned", "float", "double", "bool", "void", "size_t", "extern"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    begin: int
    end: int


@dataclass(frozen=True)
class Mutant:
    """In `file`, the text from `begin` to `end` becomes `new`."""
    file: str
    kind: str
    line: int
    begin: int
    end: int
    new: str

    def applied(self, text):
        return text[:self.begin] + self.new + text[self.end:]


def line_ends(text):
    return [i for i, character in enumerate(text) if character == "\n"]


def tokens_of(text):
    found = (Token(match.lastgroup, match[0], *match.span()) for match in TOKEN.finditer(text))
    return [token for token in found if token.kind != "skipped"]


def partners(tokens):
    """{index of a bracket: index of the one that closes or opens it}"""
    out, opened = {}, []
    for i, token in enumerate(tokens):
        if token.text in ("(", "[", "{"):
            opened.append(i)
        elif token.text in (")", "]", "}") and opened:
            out[i] = opened.pop()
            out[out[i]] = i
    return out


class Source:
    """The tokens of one file, and where its functions and blocks are."""

    def __init__(self, file, text):
        self.file, self.text = file, text
        self.line_ends = line_ends(text)
        self.tokens = tokens_of(text)
        self.partner = partners(self.tokens)
        self.inside = self.innermost()
        self.blocks = self.find_blocks()

    def at(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def innermost(self):
        """For each token the index of the bracket it is directly in, or None."""
        out, opened = [], []
        for i, token in enumerate(self.tokens):
            if token.text in (")", "]", "}") and opened:
                opened.pop()
            out.append(opened[-1] if opened else None)
            if token.text in ("(", "[", "{"):
                opened.append(i)
        return out

    def find_blocks(self):
        """The indices of { that begin blocks of statements: bodies of functions, and blocks in blocks."""
        blocks = set()
        for i, token in enumerate(self.tokens):
            if token.text != "{":
                continue
            before = self.at(i - 1)
            if self.inside[i] is None:
                is_block = before == ")"
            elif before == ")":
                is_block = self.at(self.partner.get(i - 1, 0) - 1) in CONTROL
            else:
                is_block = before in ("else", "do", "{", "}", ";", ":")
            if is_block and (self.inside[i] is None or self.inside[i] in blocks):
                blocks.add(i)
        return blocks

    def in_function(self, i):
        while i is not None and i not in self.blocks:
            i = self.inside[i]
        return i is not None

    def mutant(self, kind, begin, end, new):
        return Mutant(self.file, kind, bisect_right(self.line_ends, begin) + 1, begin, end, new)

    def replaced(self, kind, i, new):
        return self.mutant(kind, self.tokens[i].begin, self.tokens[i].end, new)

    def mutants(self):
        for i in range(len(self.tokens)):
            if self.in_function(i):
                yield from self.mutants_of_token(i)
                yield from self.dropped_statement(i)
                yield from self.swapped_arguments(i)
            elif self.tokens[i].kind == "number":
                yield from self.changed_number("constant", i)

    def mutants_of_token(self, i):
        token = self.tokens[i]
        if token.kind == "number":
            is_whole = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*", token.text)
            yield from self.changed_number("off by one" if is_whole else "constant", i)
        elif token.text in WORDS:
            yield self.replaced("constant", i, WORDS[token.text])
        elif token.text in COMPARISONS:
            for new in COMPARISONS[token.text]:
                yield self.replaced("comparison", i, new)
        elif token.text in SIGNS:
            if token.text in ("++", "--") or self.ends_a_value(i - 1):
                yield self.replaced("sign", i, SIGNS[token.text])
            elif token.text == "-":
                yield self.replaced("sign", i, "")

    def ends_a_value(self, i):
        return self.tokens[i].kind in ("number", "string") or self.at(i) in (")", "]") or (
            self.tokens[i].kind == "name" and self.at(i) not in ("return", "case"))

    def changed_number(self, kind, i):
        text = self.tokens[i].text
        if match := re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", text):
            value = int(match[1], 16 if match[1][:2] in ("0x", "0X") else 10)
            for new in (value + 1, value - 1):
                if new >= 0:
                    yield self.replaced(kind, i, f"{new}{match[2]}")
        elif match := re.fullmatch(r"([\d.]+(?:[eE][-+]?\d+)?)([fFlL]?)", text):
            value = float(match[1])
            yield self.replaced(kind, i, f"{2 * value if value else 1.0!r}{match[2]}")

    def dropped_statement(self, i):
        """Calls, assignments, break and continue become {}; declarations stay."""
        if self.inside[i] not in self.blocks or not self.begins_statement(i):
            return
        first, second, third = (self.at(i + k) for k in range(3))
        if first in NO_STATEMENT or not re.match(r"[A-Za-z_*(+-]", first):
            return
        if self.tokens[i].kind == "name" and (
                self.tokens[i + 1].kind == "name" or second == ":" or (second == "*" and re.match(r"[A-Za-z_*]", third))):
            return  # a declaration or a label
        end = next((k for k in range(i, len(self.tokens)) if self.at(k) == ";" and self.inside[k] == self.inside[i]), None)
        if end is not None:
            begin, after = self.tokens[i].begin, self.tokens[end].end
            yield self.mutant("dropped statement", begin, after, "{}" + "\n" * self.text.count("\n", begin, after))

    def begins_statement(self, i):
        before = self.at(i - 1)
        if before == ")":
            return self.at(self.partner.get(i - 1, 0) - 1) in CONTROL
        if before == ":":
            return self.at(i - 3) == "case" or self.at(i - 2) == "default"
        return before in (";", "{", "}", "else", "do")

    def swapped_arguments(self, i):
        if self.tokens[i].kind != "name" or self.at(i) in NO_CALL or self.at(i + 1) != "(" or i + 1 not in self.partner:
            return
        close = self.partner[i + 1]
        commas = [k for k in range(i + 2, close) if self.at(k) == "," and self.inside[k] == i + 1]
        edges = [i + 1, *commas, close]
        arguments = [(self.tokens[a + 1].begin, self.tokens[b - 1].end) for a, b in zip(edges, edges[1:]) if b > a + 1]
        for (begin, end), (after, last) in zip(arguments, arguments[1:]):
            one, other = self.text[begin:end], self.text[after:last]
            if one != other:
                yield self.mutant("swapped arguments", begin, last, other + self.text[end:after] + one)


def n_lines(text):
    """Lines with code."""
    ends = line_ends(text)
    return len({bisect_right(ends, token.begin) for token in tokens_of(text)})


def sources(root, room):
    return sorted(path for path in (root / room).rglob("*") if path.suffix in ENDINGS)


def shares(sizes, number):
    """{room: how many of `number`}, in proportion to the sizes, at least one each, by largest remainders."""
    exact = {room: number * size / sum(sizes.values()) for room, size in sizes.items()}
    out = {room: max(1, int(share)) for room, share in exact.items()}
    for room in sorted(exact, key=lambda room: exact[room] - int(exact[room]), reverse=True):
        if sum(out.values()) < number:
            out[room] += 1
    return out


@functools.cache
def all_mutants(root, room):
    return [mutant for path in sources(Path(root), room)
            for mutant in Source(str(path.relative_to(root)), path.read_text(encoding="utf-8")).mutants()]


def sequence(root, room, seed):
    """All mutants of a room in the random order of a seed; each kind is as likely as the others while it lasts."""
    chance = random.Random(f"{seed} {room}")
    left = {kind: [mutant for mutant in all_mutants(root, room) if mutant.kind == kind] for kind in KINDS}
    while any(left.values()):
        mutants = left[chance.choice([kind for kind in KINDS if left[kind]])]
        yield mutants.pop(chance.randrange(len(mutants)))
