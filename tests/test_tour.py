"""docs/tour.md: that it says what the sources and the bundled checkpoint say today, and how it finds that out."""

import re

import pytest

import tour

SOURCE = """\
/* twice(x) in a comment */
static int twice(int x);

static inline int twice(int x)
{
    if (x == 0) {
        return 0;
    }
    for (int i = 0; i < 1; i++)
        for (int j = 0; j < 1; j++)
            x = x +
                x;
    int pair[] = {
        x, x};
    return pair[0];
}

typedef struct {
    int x;
} other;

typedef struct {
    int y; /* the one */
} point;
"""


@pytest.fixture(scope="module")
def walked():
    return tour.Tour()


@pytest.fixture
def sources(tmp_path, monkeypatch):
    (tmp_path / "room").mkdir()
    (tmp_path / "room/a.c").write_text(SOURCE)
    monkeypatch.setattr(tour, "ROOT", tmp_path)
    return tmp_path / "room/a.c"


def shown(*arguments):
    page = tour.code("room/a.c", *arguments)
    return re.fullmatch(r"\[room/a.c\]\(../room/a.c\), `\w+`:\n\n```c\n(.*)\n```", page, re.DOTALL)[1]


# ---- the page ----

def test_the_tour_is_what_the_sources_and_the_checkpoint_give(walked):
    different = tour.differences(tour.TOUR.read_text(), walked.page(tour.TEMPLATE.read_text()))
    assert different == [], "docs/tour.md is out of date; write it again with scripts/python scripts/tour.py"


def test_a_changed_digit_is_a_difference():
    page = tour.TOUR.read_text()
    digit = re.search(r"\.\d", page)
    changed = page[:digit.start() + 1] + str((int(digit[0][1]) + 1) % 10) + page[digit.end():]
    assert [line[0] for line in tour.differences(changed, page) if line.startswith(("-", "+"))] == ["-", "+", "-", "+"]


def test_every_file_that_the_template_links_to_is_there():
    for link in re.findall(r"\]\(([^)#:]+)[^)]*\)", tour.TOUR.read_text()):
        if not link.startswith("http"):
            assert (tour.TOUR.parent / link).exists(), link


def test_the_words_of_the_template_hold_no_number_of_the_weights():
    prose = re.sub(r"```.*?```", "", tour.DIRECTIVE.sub("", tour.TEMPLATE.read_text()), flags=re.DOTALL)
    assert re.findall(r"\d+\.\d\d+", prose) == ["1706.03762", "0.005"]  # the paper, and what a dot stands for


# ---- code ----

def test_a_function_is_shown_without_its_declaration():
    assert tour.definition(SOURCE, "twice") == SOURCE.split("\n")[3:16]


def test_the_last_line_of_a_type_has_its_name(sources):
    assert shown("point") == "typedef struct {\n    int y; /* the one */\n} point;"


@pytest.mark.parametrize("beginnings, expected", [
    (["if"], "if (x == 0) {\n    return 0;\n}"),
    (["for"], "for (int i = 0; i < 1; i++)\n    for (int j = 0; j < 1; j++)\n        x = x +\n            x;"),
    (["int pair"], "int pair[] = {\n    x, x};"),
    (["return pair", "return 0"], "return pair[0];\nreturn 0;"),
])
def test_a_statement_ends_where_it_is_closed(sources, beginnings, expected):
    assert shown("twice", beginnings) == expected


def test_moved_code_is_shown_as_it_is_now(sources):
    before = shown("twice", ["return pair"])
    sources.write_text("int moved;\n\n" + SOURCE.replace("return pair[0];", "return pair[1];"))
    assert (before, shown("twice", ["return pair"])) == ("return pair[0];", "return pair[1];")


def test_a_place_is_a_function_type_or_class(sources):
    (sources.parent / "b.py").write_text("class Third:\n    pass\n\n\ndef thrice(x):\n    return 3 * x\n")
    for file, name in (("room/a.c", "twice"), ("room/a.c", "point"), ("room/b.py", "Third"), ("room/b.py", "thrice")):
        assert tour.where(file, name) == f"`{name}` in [{file}](../{file})"


@pytest.mark.parametrize("file, name, sentence", [
    ("room/a.c", "thrice", "room/a.c does not define thrice"), ("room/a.c", "x", "room/a.c does not define x"),
    ("room/b.c", "twice", "room/b.c is not there")])
def test_a_place_that_is_not_there_is_refused(sources, file, name, sentence):
    with pytest.raises(tour.TourFailure, match=re.escape(sentence)):
        tour.where(file, name)


@pytest.mark.parametrize("word", ["KV cache", "causal mask", "padding", "split", "layer norm", "softmax", "beam search",
                                  "tokenizer", "quantization", "logits", "mask"])
def test_the_glossary_has_what_people_search_for(word):
    glossary = tour.TEMPLATE.read_text().split("## Glossary\n")[1]
    words = [row.split("|")[1].strip() for row in glossary.splitlines() if row.startswith("|")][2:]
    assert word in ", ".join(words).split(", ")
    assert [row.lower() for row in words] == sorted(map(str.lower, words))


def test_the_glossary_names_stops_of_the_tour():
    page = tour.TOUR.read_text()
    rows = [row for row in page.split("## Glossary\n")[1].splitlines() if row.startswith("| ")][1:]
    stops = {int(stop) for row in rows for stop in re.findall(r"\d+", row.rsplit("|", 2)[1])}
    assert stops and stops <= {int(stop) for stop in re.findall(r"^### (\d+)\.", page, re.MULTILINE)}


@pytest.mark.parametrize("arguments, sentence", [
    (("room/b.c", "twice"), "room/b.c is not there"),
    (("room/a.c", "thrice"), "room/a.c does not define thrice"),
    (("room/a.c", "twice", ["while"]), "room/a.c: no statement of twice begins with: while"),
])
def test_what_is_not_there_is_refused(sources, arguments, sentence):
    with pytest.raises(tour.TourFailure, match=re.escape(sentence)):
        tour.code(*arguments)


# ---- commands and numbers ----

def test_a_command_that_fails_is_refused():
    with pytest.raises(tour.TourFailure, match="failed: scripts/translate --attention=nothing"):
        tour.try_out('scripts/translate --attention=nothing "a"')


def test_zero_has_no_sign_and_columns_line_up():
    assert [tour.number(value, 2) for value in (-0.001, 0.001, -0.006, 2)] == ["0.00", "0.00", "-0.01", "2.00"]
    assert tour.grid([("a", ["1", "20"]), ("▁bc", ["300", "4"], "five")]) == "a      1  20\n▁bc  300   4  five"


@pytest.mark.parametrize("directive, sentence", [
    ("{{nonsense}}", "{{nonsense}} is not known"),
    ("{{rows encoder.0.nonsense 1 1}}", "the trace has no tensor encoder.0.nonsense"),
])
def test_a_directive_that_asks_for_nothing_is_refused(walked, directive, sentence):
    with pytest.raises(tour.TourFailure, match=re.escape(sentence)):
        walked.page(directive)


@pytest.mark.parametrize("tensor, directive", [
    ("encoder.embedding", "{{embedding 1}}"),
    ("encoder.0.self_attention.key", "{{scores encoder.0.self_attention}}"),
    ("decoder.0.cross_attention.scores", "{{scores decoder.0.cross_attention}}"),
    ("encoder.0.self_attention.value", "{{mixed encoder.0.self_attention 1}}"),
    ("encoder.0.self_attention", "{{norm encoder.0.self_attention 1}}"),
    ("encoder.embedding", "{{rounded 1 0}}"),
    ("output", "{{logits 0}}"),
])
def test_numbers_that_do_not_follow_from_one_another_are_refused(walked, monkeypatch, tensor, directive):
    walked.page(directive)
    monkeypatch.setitem(walked.trace, tensor, walked.trace[tensor] * 1.01)
    with pytest.raises(tour.TourFailure, match="off the trace"):
        walked.page(directive)
