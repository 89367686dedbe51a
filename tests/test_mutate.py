"""mutate.py: mutants are found where they should be, samples are fair and reproducible, and runs resume."""

import itertools
import json

import pytest

import mutants
import mutate

FUNCTION = '''
/* a < b, 1 */
#define LIMIT 5
enum { MOST = 8 };
int g(int a, int b);

int f(int a, int b)
{
    const char *s = "a < b; g(1, 2)";
    int *n;
    if (a <= b && -a != 0x1F)
        g(a, b);
    for (int i = 0; i < a; i++)
        *n += g(a - 1,
                a);
    pair p = (pair){a, true};
    return 1.5f;
}
'''

MUTANTS = {
    ("constant", "enum { MOST = 9 };"), ("constant", "enum { MOST = 7 };"),
    ("comparison", "if (a < b && -a != 0x1F)"), ("comparison", "if (a > b && -a != 0x1F)"),
    ("comparison", "if (a <= b || -a != 0x1F)"), ("comparison", "if (a <= b && -a == 0x1F)"),
    ("sign", "if (a <= b && a != 0x1F)"),
    ("off by one", "if (a <= b && -a != 32)"), ("off by one", "if (a <= b && -a != 30)"),
    ("dropped statement", "{}"), ("swapped arguments", "g(b, a);"),
    ("off by one", "for (int i = 1; i < a; i++)"), ("comparison", "for (int i = 0; i <= a; i++)"),
    ("comparison", "for (int i = 0; i >= a; i++)"), ("sign", "for (int i = 0; i < a; i--)"),
    ("sign", "*n -= g(a - 1,"), ("sign", "*n += g(a + 1,"), ("off by one", "*n += g(a - 2,"), ("off by one", "*n += g(a - 0,"),
    ("swapped arguments", "*n += g(a,"), ("constant", "pair p = (pair){a, false};"), ("constant", "return 3.0f;"),
}


def mutants_of(text):
    return list(mutants.Source("f.c", text).mutants())


def test_mutants_are_in_code_and_nowhere_else():
    lines = FUNCTION.split("\n")
    assert {(m.kind, m.applied(FUNCTION).split("\n")[m.line - 1].strip()) for m in mutants_of(FUNCTION)} == MUTANTS
    for mutant in mutants_of(FUNCTION):
        changed = mutant.applied(FUNCTION).split("\n")
        assert len(changed) == len(lines) and changed != lines
        assert [a for a, b in zip(lines, changed) if a != b][0] == lines[mutant.line - 1]


@pytest.mark.parametrize("statement", ["int n;", "room *r;", "const int n = f();", "return n;", "here: n;", "goto here;"])
def test_declarations_and_jumps_are_not_dropped(statement):
    text = f"void f(void)\n{{\n    {statement}\n}}\n"
    assert [m for m in mutants_of(text) if m.kind == "dropped statement"] == []


@pytest.mark.parametrize("statement", [
    "n = 1;", "*n = 1;", "f(n);", "n++;", "--n;", "x->y.z[3] |= f(a, b);", "n = *m;", "break;"])
def test_other_statements_are_dropped(statement):
    for text in (f"void f(void)\n{{\n    {statement}\n}}\n", f"void f(void)\n{{\n    if (n)\n        {statement}\n}}\n",
                 f"void f(void)\n{{\n    switch (n) {{\n    case 1: {statement}\n    }}\n}}\n"):
        [dropped] = [m for m in mutants_of(text) if m.kind == "dropped statement"]
        assert dropped.applied(text) == text.replace(statement, "{}")


def test_rooms_have_shares_of_their_size():
    assert mutants.shares({"a": 600, "b": 300, "c": 100}, 10) == {"a": 6, "b": 3, "c": 1}
    assert mutants.shares({"a": 1000, "b": 1}, 10) == {"a": 9, "b": 1}
    assert mutants.shares({"a": 1, "b": 1, "c": 1}, 10) == {"a": 4, "b": 3, "c": 3}
    for number in (30, 300):
        assert sum(mutants.shares(mutate.sizes(), number).values()) == number


@pytest.mark.parametrize("room", mutate.ROOMS)
def test_a_sequence_is_the_same_again_and_of_all_kinds(room):
    first = list(itertools.islice(mutants.sequence(mutate.ROOT, room, 1), 60))
    assert first == list(itertools.islice(mutants.sequence(mutate.ROOT, room, 1), 60))
    assert first != list(itertools.islice(mutants.sequence(mutate.ROOT, room, 2), 60))
    assert len(set(first)) == 60 and {mutant.kind for mutant in first} == set(mutants.KINDS)


def test_rejected_mutants_are_replaced():
    verdicts = itertools.cycle(["killed", "rejected", "survived", "identical"])
    found = mutate.tried({"attention": 8, "weights": 3}, 1, lambda mutant: {"verdict": next(verdicts)})
    for (room, tried), share in zip(found.items(), (8, 3), strict=True):
        assert len(tried["killed"]) + len(tried["survived"]) == share
        every = [mutant for mutants_found in tried.values() for mutant, _ in mutants_found]
        assert len(every) > share and set(every) == set(itertools.islice(mutants.sequence(mutate.ROOT, room, 1), len(every)))



def test_results_are_resumed_and_survivors_tried_again(tmp_path):
    one, other, third = itertools.islice(mutants.sequence(mutate.ROOT, "attention", 1), 3)
    results = mutate.Results(tmp_path / "results")
    tests, changed = {"test_cli": "a", "test_model": "b"}, {"test_cli": "a", "test_model": "c"}
    results.add(one, "killed", "test_attention: heads_do_not_mix", 1.0, tests)
    results.add(other, "survived", "", 1.0, tests)
    again = mutate.Results(tmp_path / "results")
    assert again.known(one, changed)["killer"] == "test_attention: heads_do_not_mix"
    assert again.known(other, tests) and not again.known(other, changed) and not again.known(third, tests)
    assert again.passed(other, changed) == {"test_cli"} and again.passed(third, tests) == set()


def test_the_report_counts_and_shows_survivors():
    one, other = itertools.islice(mutants.sequence(mutate.ROOT, "attention", 1), 2)
    found = {"killed": [(one, {"killer": "test_attention: heads_do_not_mix"})], "identical": [], "rejected": [],
             "survived": [(other, {"killer": "not executed by any test"})]}
    text = mutate.report({"attention": found}, {"attention": 143}, 2, 1)
    row = "| 143 | 2 | 1 | 50.0 % | 0 | 50.0 % | 0 | 0 |"
    assert f"| attention {row}\n| all {row}" in text
    assert f"{other.file}:{other.line}, {other.kind}: not executed by any test\n\n```diff\n--- " in text
    assert "| test_attention | 1 |" in text


def test_the_report_says_which_survivors_are_equivalent(tmp_path, monkeypatch):
    one, other = itertools.islice(mutants.sequence(mutate.ROOT, "attention", 1), 2)
    old, new = mutate.around(mutate.source_of(one.file), one)
    (tmp_path / "entries").write_text(json.dumps([{"file": one.file, "old": old, "new": new, "reason": "it is so"}]))
    monkeypatch.setattr(mutate, "EQUIVALENT", tmp_path / "entries")
    found = {"killed": [], "survived": [(one, {"killer": ""}), (other, {"killer": ""})], "rejected": [], "identical": []}
    text = mutate.report({"attention": found}, {"attention": 143}, 2, 1)
    assert "| attention | 143 | 2 | 0 | 0.0 % | 1 | 0.0 % | 0 | 0 |" in text
    assert f"{one.file}:{one.line}, {one.kind}: it is so\n" in text and f"{other.file}:{other.line}, {other.kind}\n" in text


def test_tests_that_do_not_execute_a_line_are_left_out():
    copy = object.__new__(mutate.Copy)
    copy.measured = {name: {"functions": {"f.c": [[10, 20], [30, 40]]}, "code": {"f.c": [10, 12, 30, 31]},
                            "executed": {"f.c": executed}} for name, executed in
                     {"test_one": [10, 12], "test_two": [30], "test_three": []}.items()}

    def covering(line, file="f.c"):
        return copy.covering(mutants.Mutant(file, "sign", line, 0, 1, "-"))

    assert covering(12) == ["test_one"] and covering(30) == ["test_two"] and covering(31) == []
    assert covering(11) == ["test_one"] and covering(33) == ["test_two"]  # no code of its own: the function
    assert covering(5) == covering(1, "f.h") == ["test_one", "test_two", "test_three"]  # outside functions


def test_the_tests_of_the_file_and_its_room_come_first_and_the_last_tests_are_left_out():
    copy = object.__new__(mutate.Copy)
    seconds = {"test_kernels": 20, "test_cli": 1, "test_model": 2, "test_program.py": 7, "test_input.py": 8, "test_failing": 22,
               "test_bpe.py": 60}
    copy.measured = {name: {"seconds": taken} for name, taken in seconds.items()}
    assert copy.ordered(list(seconds), "model/model.c") == ["test_model", "test_cli", "test_program.py", "test_input.py"]
    assert copy.ordered(["test_program.py", "test_kernels"], "kernels/simd/avx2.c") == ["test_kernels", "test_program.py"]
    assert copy.ordered(["test_program.py", "test_input.py"], "cli/input.c") == ["test_input.py", "test_program.py"]
    assert copy.ordered(["test_cli", "test_bpe.py"], "tokenizer/bpe.c") == ["test_bpe.py"]  # however long it takes


@pytest.mark.parametrize("said, name", [
    ("/a/tests/test_model.c:40:F:case:the_length_cap:0: Assertion 'x' failed\n", "the_length_cap"),
    ("/a/test_model.c:40:E:case:greedy:2: (after this point) Received signal 11\n", "greedy"),
    ("...F\nFAILED test_program.py::test_info[int8] - assert 1\n1 failed\n", "test_program.py::test_info[int8]"),
    ("FAILED hardening/test_resume.py::test_kills - x\n", "hardening/test_resume.py::test_kills"),
    ("FAILED test_program.py::test_a_line[many sentences]\n", "test_program.py::test_a_line[many sentences]"),
    ("Segmentation fault\n", "")])
def test_the_first_failure_is_named(said, name):
    assert mutate.first_failure(said) == name


@pytest.mark.parametrize("killer, test", [
    ("test_model: the_length_cap", "test_model: the_length_cap"), ("test_model: exit status -11", "test_model"),
    ("test_model: too slow", ""), ("pytest: test_program.py::test_info[int8]", "test_program.py::test_info[int8]"),
    ("pytest: exit status 1", ""), ("", "")])
def test_a_killer_can_be_run_alone(killer, test):
    assert mutate.alone(killer) == test


def test_a_test_that_hangs_or_grows_is_ended():
    assert mutate.run(["sleep", "60"], 0.1)[0] is None
    status, said, _ = mutate.run(["python3", "-c", "bytearray(1 << 40)"], 60)
    assert status != 0 and "MemoryError" in said


def test_the_sample_fits_the_sources():
    sample = json.loads(mutate.SAMPLE.read_text())
    assert len(sample) == 30 and {entry["file"].split("/")[0] for entry in sample} == set(mutate.ROOMS)
    fitting = [entry for entry in sample if mutate.source_of(entry["file"]).count(entry["old"]) == 1]
    assert len(fitting) >= 20, "draw another sample: tests/mutate --draw 30"


def test_most_explanations_fit_the_sources():
    entries = json.loads(mutate.EQUIVALENT.read_text(encoding="utf-8"))
    gone = [entry for entry in entries if mutate.source_of(entry["file"]).count(entry["old"]) != 1]
    assert 3 * len(gone) <= len(entries), f"remove what no longer fits: {gone}"
