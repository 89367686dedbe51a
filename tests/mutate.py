#!/usr/bin/env python3
"""Mutation testing: changes one token of the C sources at a time, builds, and checks that a test fails.

    mutate.py [--number N] [--seed S]     N mutants (default: 300), spread over the rooms in proportion to their size
    mutate.py --sample                    the fixed sample of tests/mutants.json, each against the test that kills it
    mutate.py --draw N                    replaces that sample by another one of N mutants

tests/mutate installs missing packages first. All work happens in copies of the tree, build/mutate/copy and so on, one for
each CPU. Each mutant is run against the tests of scripts/test that run the C program, until one fails: first those of its file
and room, then the others. Left out are test programs that come out byte-identical, tests that do not execute the mutated line,
and the last ones if together they take longer than half of all tests. A build with --coverage tells once which lines
each test executes.

Results are kept in build/mutate/results.jsonl, so an interrupted run resumes. Survivors are tried again with the tests that
have changed since. The report, build/mutate/report.md, has the score of each room and every survivor as a diff. Mutants
that the compiler rejects, or compiles to identical machine code, are replaced by others and not counted. Those of
tests/equivalent_mutants.json, which says why no test can kill them, are not tried; the score is given with and without them.

--sample fails when a mutant survives, or when more than a third of the sample no longer fits the sources.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import difflib
import fcntl
import functools
import hashlib
import itertools
import json
import math
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import mutants

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build/mutate"
SAMPLE = ROOT / "tests/mutants.json"
EQUIVALENT = ROOT / "tests/equivalent_mutants.json"
ROOMS = ["support", "kernels", "attention", "weights", "tokenizer", "text", "model", "translator", "library", "explain", "cli"]

# The files for pytest, those that fail fastest first. Left out: tests of Python alone, and those that compare the text of
# the sources (test_tour.py, test_compare.py, test_rooms.py), which a mutant may fail whatever it computes.
PYTHON_TESTS = ["test_program.py", "hardening/test_crafted.py", "test_reversing.py", "test_unknown.py", "test_prompt.py",
                "hardening/test_files.py", "test_json_lines.py", "test_attention_map.py", "hardening/test_failing.py",
                "test_input.py", "hardening/test_resume.py", "test_explain.py", "test_score.py", "test_target.py",
                "test_without.py", "test_sample.py", "test_alternatives.py", "test_splitters.py", "test_bpe.py",
                "test_languages.py", "test_architectures.py", "hardening/test_long_run.py", "test_readers.py", "test_beam.py"]
MEMORY, FILE_SIZE = 8 << 30, 1 << 30  # of a process under test, in bytes: a mutant may ask for any amount
LIMITED = ["prlimit", f"--as={MEMORY}", f"--fsize={FILE_SIZE}", "--core=0"]


class Broken(Exception):
    """The mutants cannot be tried; says why."""


# ---- processes ----

def end(process):
    """Ends a process and whatever it left running."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run(command, seconds, **options):
    """(exit status, output, seconds taken). `seconds` limits the CPU time of each process. After three times as long, on the
    clock, the status is None: a busy machine must not kill mutants."""
    started = time.monotonic()
    with subprocess.Popen([*LIMITED, f"--cpu={math.ceil(seconds)}", *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          start_new_session=True, **options) as process:
        try:
            said, status = process.communicate(timeout=3 * seconds)[0], process.returncode
        except subprocess.TimeoutExpired:
            said, status = "", None
        finally:
            end(process)
    return status, said, time.monotonic() - started


def first_failure(said):
    """The name of the first test that failed, as printed by Check or pytest; "" if none is named."""
    match = re.search(r"^[^\n:]+:\d+:[FE]:[^\n:]*:([^\n:]+):", said, re.MULTILINE) or re.search(
        r"^(?:FAILED|ERROR) \S*?((?:hardening/)?test_\w+\.py::.+?)(?: - .*)?$", said, re.MULTILINE)
    return match[1] if match else ""


def named(program, status, said, _):
    """What failed in a finished test program, "" for nothing."""
    if status == 0:
        return ""
    return f"{program}: {first_failure(said) or ('too slow' if status is None else f'exit status {status}')}"


# ---- the copy ----

class Copy:
    """A copy of the tree and its build."""

    def __init__(self, number=0):
        directory = WORK / f"copy{number or ''}"
        self.directory, self.build_directory = directory, directory / "build"
        self.counting = self.build_directory / "coverage"  # the build with --coverage
        self.measured = {}  # of each test without a mutant: the seconds that it takes, and the lines that it executes
        self.sound = {}     # digests of what is built without a mutant
        directory.mkdir(parents=True, exist_ok=True)
        self.lock = (directory / ".lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Broken(f"{directory} is locked by another run") from None
        self.synchronize()
        self.configure()

    def synchronize(self):
        """Copies changed files only, so that little is rebuilt."""
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout.split("\0")
        names = {name for name in listed if name and (ROOT / name).is_file()}
        for path in self.directory.rglob("*"):
            name = path.relative_to(self.directory)
            if path.is_file() and str(name) not in names and name.parts[0] not in ("build", ".lock"):
                path.unlink()
        for name in names:
            ours, theirs = ROOT / name, self.directory / name
            if not theirs.is_file() or theirs.read_bytes() != ours.read_bytes():
                theirs.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ours, theirs)

    def configure(self):
        status, said, _ = run(["cmake", "-G", "Ninja", "-S", self.directory, "-B", self.build_directory,
                               "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON"], 600)
        if status != 0:
            raise Broken(said)

    def build(self, targets=()):
        """(True when everything, or the targets, compiles without a warning; the output)"""
        command = ["cmake", "--build", self.build_directory, "--parallel", os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", "1")]
        status, said, _ = run(command + (["--target", *targets] if targets else []), 600)
        return status == 0, said

    def build_sound(self, targets=()):
        built, said = self.build(targets)
        if not built:
            raise Broken(f"the unchanged sources do not build:\n{said}")
        self.sound = self.digests()

    def digests(self):
        """{name: digest} of what the tests run: the program, their own programs and the preloaded library."""
        tests = self.build_directory / "tests"
        built = [self.build_directory / "translate", tests / "libfailing.so", tests / "measure",
                 *(path for path in tests.glob("test_*") if path.is_file())]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in built if path.exists()}

    def suites(self):
        return [name for name in self.sound if name.startswith("test_")]

    def run_suite(self, name, seconds, case="", build=None):
        """All of a C suite, or one case of it."""
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "CK_TIMEOUT_MULTIPLIER": "10",
                       **({"CK_RUN_CASE": case} if case else {})}
        return run([(build or self.build_directory) / "tests" / name], seconds, cwd=self.directory, env=environment)

    def run_pytest(self, tests, seconds, build=None):
        environment = {**os.environ, "TRANSLATE": str((build or self.build_directory) / "translate"),
                       "PYTHONDONTWRITEBYTECODE": "1",
                       "WITHOUT_BROWSER": "1"}  # which tests the page's scripts, and needs more memory
        command = [sys.executable, "-m", "pytest", *([] if build else ["-x"]), "-q", "--no-header", "-p", "no:cacheprovider",
                   "-k", "not gigabytes", *tests]  # a sparse file larger than FILE_SIZE
        return run(command, seconds, cwd=self.directory / "tests", env=environment)

    def run_test(self, name, seconds, build=None):
        return (self.run_pytest([name], seconds, build=build) if name in PYTHON_TESTS else
                self.run_suite(name, seconds, build=build))

    def measure(self):
        """Checks that every test passes without a mutant; notes how long it takes and which lines it executes. Tests are not
        run again if neither they nor the sources have changed."""
        kept, digests = WORK / "measured.json", tests_digests()
        before, counting = json.loads(kept.read_text()) if kept.exists() else {}, False
        for name in self.suites() + PYTHON_TESTS:
            of = [digests[name], sources_digest()]
            if before.get(name, {}).get("of") != of:
                counting = counting or self.build_counting()
                before[name] = {"of": of, **self.measure_test(name)}
                kept.write_text(json.dumps(before) + "\n")
            self.measured[name] = before[name]

    def measure_test(self, name):
        print(f"measuring {name} without a mutant", file=sys.stderr, flush=True)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            counting = pool.submit(self.run_test, name, 1800, self.counting)  # may fail: failing writes are those of counts too
            status, said, seconds = self.run_test(name, 1800)
            counting.result()
        if status != 0:
            raise Broken(f"{name} fails without a mutant:\n{said}")
        return {"seconds": round(seconds, 2), **self.counted()}

    def build_counting(self):
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", "1")
        for command in (["cmake", "--preset", "coverage"], ["cmake", "--build", "--preset", "coverage", "--parallel", jobs]):
            status, said, _ = run(command, 1800, cwd=self.directory)
            if status != 0:
                raise Broken(said)
        for counts in self.counting.rglob("*.gcda"):  # of a run that was interrupted
            counts.unlink()
        return True

    def counted(self):
        """What was executed since the last call, by file: `functions` as pairs of first and last line, lines with `code`, and
        those of them that were `executed`."""
        out = {key: collections.defaultdict(set) for key in ("functions", "code", "executed")}
        counts = list(self.counting.rglob("*.gcda"))
        said = subprocess.run(["gcov", "--json-format", "--stdout", *counts], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=True, cwd=self.counting, text=True).stdout
        for file in (file for document in said.splitlines() for file in json.loads(document)["files"]):
            name = os.path.relpath((self.counting / file["file"]).resolve(), self.directory)  # without CMakeLists.txt's links
            out["functions"][name] |= {(function["start_line"], function["end_line"]) for function in file["functions"]}
            out["code"][name] |= {line["line_number"] for line in file["lines"]}
            out["executed"][name] |= {line["line_number"] for line in file["lines"] if line["count"]}
        for count in counts:
            count.unlink()
        return {key: {name: sorted(found) for name, found in files.items() if name.split("/")[0] in ROOMS}
                for key, files in out.items()}

    def covering(self, mutant):
        """The tests that execute the line of a mutant, or its function if the line has no code of its own. Outside functions
        every test counts."""
        def of_file(key):
            return (found for measured in self.measured.values() for found in measured[key].get(mutant.file, []))

        lines = set(of_file("code"))
        if mutant.line in lines:
            lines = {mutant.line}
        else:
            lines &= {line for first, last in of_file("functions") if first <= mutant.line <= last
                      for line in range(first, last + 1)}
        return [name for name, measured in self.measured.items()
                if not lines or lines & set(measured["executed"].get(mutant.file, []))]

    def ordered(self, names, file):
        """These tests in the order in which they run: those named after the file or its room, other quick suites, pytest, slow
        suites. The last ones are left out if together they take longer than half of all tests."""
        own = f"test_{Path(file).stem}", f"test_{Path(file).parts[0]}"
        seconds = {name: measured["seconds"] for name, measured in self.measured.items()}
        most = sum(seconds.values()) / 2

        def rank(name):
            if name.startswith(own):
                return 0, seconds[name]
            if name in PYTHON_TESTS:
                return 2, PYTHON_TESTS.index(name)
            return 1 if seconds[name] < most / 40 else 3, seconds[name]

        ordered = sorted(names, key=rank)
        totals = itertools.accumulate(seconds[name] for name in ordered)
        return [name for name, total in zip(ordered, totals) if total <= most or name == ordered[0]]

    def killer(self, names):
        """The first of these tests that fails with the mutant that was just built, or "" when all pass."""
        changed = {name for name, digest in self.digests().items() if digest != self.sound.get(name)}
        if changed & {"translate", "libfailing.so"}:
            changed.update(PYTHON_TESTS)
        return next(filter(None, (self.killed_by(name) for name in names if name in changed)), "")

    def killed_by(self, name):
        return named("pytest" if name in PYTHON_TESTS else name, *self.run_test(name, 10 + 5 * self.measured[name]["seconds"]))

    @contextlib.contextmanager
    def planted(self, mutant):
        """The copy has the mutant in it."""
        path = self.directory / mutant.file
        sound = path.read_text(encoding="utf-8")
        path.write_text(mutant.applied(sound), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(sound, encoding="utf-8")

    def judge(self, mutant, passed):
        """(verdict, reason): "killed" by a test, "survived", "rejected" by the compiler, or "identical" machine code. Tests
        in `passed` are known to pass."""
        # A process that a signal ends, or that cannot write, does not count what it executes.
        covering = self.covering(mutant)
        candidates = covering or ["test_program.py", *(name for name in PYTHON_TESTS if name.startswith("hardening/"))]
        names = [name for name in self.ordered(candidates, mutant.file) if name not in passed]
        with self.planted(mutant):
            if names and names[0] in self.sound:  # the room's own suite kills most mutants, and saves building the rest
                own = [names.pop(0)]
                if not self.build(own)[0]:
                    return "rejected", ""
                if killer := self.killer(own):
                    return "killed", killer
            if not self.build()[0]:
                return "rejected", ""
            if self.digests() == self.sound:
                return "identical", ""
            killer = self.killer(names)
            return ("killed", killer) if killer else ("survived", "" if covering else "not executed by any test")


# ---- results ----

@functools.cache
def source_of(file):
    return (ROOT / file).read_text(encoding="utf-8")


@functools.cache
def sources_digest():
    files = [str(path.relative_to(ROOT)) for room in ROOMS for path in mutants.sources(ROOT, room)]
    return hashlib.sha256("\0".join(map(source_of, files)).encode()).hexdigest()[:16]


def key_of(mutant):
    return hashlib.sha256(f"{source_of(mutant.file)}\0{mutant}".encode()).hexdigest()[:16]


def tests_digests():
    """{test: digest}, which changes with the test or with what several tests share."""
    own, shared = {}, hashlib.sha256()
    for path in sorted((ROOT / "tests").rglob("*")):
        name = str(path.relative_to(ROOT / "tests"))
        if path.suffix == ".c" and path.name.startswith("test_"):
            own[path.stem] = path.read_bytes()
        elif name in PYTHON_TESTS:
            own[name] = path.read_bytes()
        elif path.is_file() and path.suffix in (".c", ".h", ".py", ".json") and not path.name.startswith("test_") and \
                path.name not in ("mutants.json", "equivalent_mutants.json", "mutants.py", "mutate.py", "planted_faults.py"):
            shared.update(path.read_bytes())
    return {name: hashlib.sha256(shared.digest() + text).hexdigest()[:16] for name, text in own.items()}


def diff_of(mutant):
    text = source_of(mutant.file)
    lines = difflib.unified_diff(text.splitlines(), mutant.applied(text).splitlines(), mutant.file, mutant.file, n=1,
                                 lineterm="")
    return "\n".join(lines)


class Results:
    """The results so far, one JSON object per line; the last one of a mutant counts."""

    def __init__(self, path):
        self.path = path
        self.by_key = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                result = json.loads(line)
                self.by_key[result["key"]] = result

    def known(self, mutant, tests):
        result = self.by_key.get(key_of(mutant))
        return result if result and (result["verdict"] != "survived" or self.passed(mutant, tests) == set(tests)) else None

    def passed(self, mutant, tests):
        """Those of the tests that a survivor is known to pass."""
        before = self.by_key.get(key_of(mutant), {}).get("tests", {})
        return {name for name, digest in tests.items() if before.get(name) == digest}

    def add(self, mutant, verdict, killer, seconds, tests):
        result = {"key": key_of(mutant), "file": mutant.file, "line": mutant.line, "kind": mutant.kind, "begin": mutant.begin,
                  "end": mutant.end, "new": mutant.new, "verdict": verdict, "killer": killer, "seconds": round(seconds, 1),
                  "tests": tests}
        self.by_key[result["key"]] = result
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        return result


def sizes():
    return {room: sum(mutants.n_lines(path.read_text(encoding="utf-8")) for path in mutants.sources(ROOT, room))
            for room in ROOMS}


class Copies:
    """One copy for each CPU, made when a mutant first needs it."""

    def __init__(self):
        self.made, self.free, self.making = [], queue.SimpleQueue(), threading.Lock()
        for number in range(os.cpu_count()):
            self.free.put(number)

    def make(self):
        copy = Copy(len(self.made))
        copy.build_sound()
        if self.made:
            copy.measured = self.made[0].measured
        else:
            copy.measure()
        self.made.append(copy)

    @contextlib.contextmanager
    def one(self):
        number = self.free.get()
        try:
            if len(self.made) <= number:
                with self.making:
                    while len(self.made) <= number:
                        self.make()
            yield self.made[number]
        finally:
            self.free.put(number)


def tried(shares, seed, result_of):
    """{room: {verdict: [(mutant, result)]}} of the first mutants of each room, as many killed or survived as `shares` says.

    Those that are due are tried in the order of their files, so that each file is compiled as rarely as possible."""
    out = {room: {verdict: [] for verdict in ("killed", "survived", "rejected", "identical")} for room in shares}
    left = {room: mutants.sequence(ROOT, room, seed) for room in shares}

    def due():
        for room, found in out.items():
            yield from itertools.islice(left[room], shares[room] - len(found["killed"]) - len(found["survived"]))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        while batch := sorted(due(), key=lambda mutant: (mutant.file, mutant.begin)):
            for mutant, result in zip(batch, pool.map(result_of, batch)):
                out[mutant.file.split("/")[0]][result["verdict"]].append((mutant, result))
    return out


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "–"


def table(by_room, lines_of, explained):
    rows = [(room, lines_of[room], *(len(found[verdict]) for verdict in ("killed", "survived")),
             sum(key_of(mutant) in explained for mutant, _ in found["survived"]),
             *(len(found[verdict]) for verdict in ("rejected", "identical"))) for room, found in by_room.items()]
    rows.append(("all", *(sum(row[i] for row in rows) for i in range(1, 7))))
    out = "| room | lines of code | mutants | killed | of all | equivalent | of the others | rejected by the compiler | " \
          "identical code |\n|---|---|---|---|---|---|---|---|---|\n"
    for room, n_lines, killed, survived, equivalent, rejected, identical in rows:
        number = killed + survived
        out += f"| {room} | {n_lines:,} | {number} | {killed} | {percent(killed, number)} | {equivalent} | " \
               f"{percent(killed, number - equivalent)} | {rejected} | {identical} |\n"
    return out


def explanations(survivors):
    """{key of a mutant: why no test can kill it}, as far as EQUIVALENT says."""
    known = {(entry["file"], entry["old"], entry["new"]): entry["reason"]
             for entry in json.loads(EQUIVALENT.read_text(encoding="utf-8"))}
    reasons = {key_of(mutant): known.get((mutant.file, *around(source_of(mutant.file), mutant))) for mutant in survivors}
    return {key: reason for key, reason in reasons.items() if reason}


def report(by_room, lines_of, number, seed):
    survivors = [pair for found in by_room.values() for pair in found["survived"]]
    explained = explanations(mutant for mutant, _ in survivors)
    text = f"# Mutation testing: {number} mutants, seed {seed}\n\n{table(by_room, lines_of, explained)}"
    text += f"\n## Survivors ({len(survivors)})\n"
    for mutant, result in survivors:
        reason = explained.get(key_of(mutant)) or result["killer"]
        text += f"\n{mutant.file}:{mutant.line}, {mutant.kind}{reason and f': {reason}'}\n\n```diff\n{diff_of(mutant)}\n```\n"
    killers = {}
    for found in by_room.values():
        for _, result in found["killed"]:
            name = result["killer"].split("::")[0].removeprefix("pytest: ").split(":")[0]
            killers[name] = killers.get(name, 0) + 1
    text += "\n## Killed by\n\n| test program | mutants |\n|---|---|\n"
    text += "".join(f"| {name} | {n} |\n" for name, n in sorted(killers.items(), key=lambda item: -item[1]))
    return text


def campaign(number, seed):
    WORK.mkdir(parents=True, exist_ok=True)
    results, tests, lines_of = Results(WORK / "results.jsonl"), tests_digests(), sizes()
    copies = Copies()

    def result_of(mutant):
        if result := results.known(mutant, tests):
            return result
        if explanations([mutant]):
            return results.add(mutant, "survived", "", 0, tests)
        with copies.one() as copy:
            started = time.monotonic()
            verdict, killer = copy.judge(mutant, results.passed(mutant, tests))
            seconds = time.monotonic() - started
        print(f"{mutant.file}:{mutant.line}: {mutant.kind}: {verdict} {killer} ({seconds:.0f} s)", file=sys.stderr, flush=True)
        return results.add(mutant, verdict, killer, seconds, tests)

    text = report(tried(mutants.shares(lines_of, number), seed, result_of), lines_of, number, seed)
    (WORK / "report.md").write_text(text, encoding="utf-8")
    print(text, end="")


# ---- the fixed sample ----

def around(text, mutant):
    """(old, new): the lines before and after the mutation, with as many lines above as make the old ones unique."""
    begin, end = text.rfind("\n", 0, mutant.begin) + 1, text.find("\n", mutant.end)
    while text.count(text[begin:end]) > 1 and begin > 0:
        begin = text.rfind("\n", 0, begin - 1) + 1
    return text[begin:end], text[begin:mutant.begin] + mutant.new + text[mutant.end:end]


def draw(number):
    """Writes the sample: mutants in proportion to the rooms that some quick tests kill."""
    copy, sample = Copy(), []
    copy.build_sound()
    for room, share in mutants.shares(sizes(), number).items():
        left = mutants.sequence(ROOT, room, 0)
        while share:
            mutant = next(left)
            test = alone(quick_killer(copy, mutant))
            print(f"{mutant.file}:{mutant.line}: {mutant.kind}: {test or 'not taken'}", file=sys.stderr, flush=True)
            if test:
                old, new = around(source_of(mutant.file), mutant)
                sample.append({"file": mutant.file, "kind": mutant.kind, "old": old, "new": new, "test": test})
                share -= 1
    SAMPLE.write_text(json.dumps(sample, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def quick_killer(copy, mutant):
    """What fails first of the suite of the mutant's room, or of its file, and a few files of pytest; "" for nothing."""
    room, stem = mutant.file.split("/")[0], Path(mutant.file).stem
    suite = f"test_{room}" if f"test_{room}" in copy.sound else f"test_{room}_{stem}"
    with copy.planted(mutant):
        for target in [suite, "translate"] if suite in copy.sound else ["translate"]:
            if not copy.build([target])[0]:
                return ""
            if copy.digests()[target] == copy.sound[target]:
                continue
            program = "pytest" if target == "translate" else suite
            tests = ["test_explain.py"] if suite == "test_explain" else PYTHON_TESTS[:3]
            found = copy.run_suite(suite, 300) if program == suite else copy.run_pytest(tests, 300)
            if killer := named(program, *found):
                return killer
    return ""


def alone(killer):
    """The case of a C suite or the pytest test that killed a mutant, to run alone; "" if unknown or too slow."""
    program, _, name = killer.partition(": ")
    if name == "too slow" or name.startswith("exit status"):
        return "" if program == "pytest" or name == "too slow" else program
    return name if program == "pytest" else killer


def target_of(test):
    """What must be built for a test of the sample."""
    return "translate" if "::" in test else test.partition(": ")[0]


def run_sample():
    """(mutants killed, those that survived, those that no longer fit)"""
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    copy = Copy()
    copy.build_sound(sorted({target_of(entry["test"]) for entry in sample}))
    status, said, _ = copy.run_pytest(sorted({entry["test"] for entry in sample if "::" in entry["test"]}), 600)
    if status != 0:
        raise Broken(f"the tests of the sample fail without a mutant, or no longer exist:\n{said}")
    killed, survived, gone = [], [], []
    for entry in sorted(sample, key=lambda entry: entry["file"]):
        path = copy.directory / entry["file"]
        sound = path.read_text(encoding="utf-8") if path.exists() else ""
        if sound.count(entry["old"]) != 1:
            gone.append(entry)
            continue
        path.write_text(sound.replace(entry["old"], entry["new"]), encoding="utf-8")
        try:
            built, said = copy.build([target_of(entry["test"])])
            if not built:
                raise Broken(f"{entry['file']}: a mutant of the sample does not build:\n{said}")
            suite, _, case = entry["test"].partition(": ")
            status = (copy.run_pytest([entry["test"]], 120) if "::" in entry["test"] else copy.run_suite(suite, 120, case))[0]
        finally:
            path.write_text(sound, encoding="utf-8")
        (survived if status == 0 else killed).append(entry)
    for entry in survived:
        print(f"{entry['file']}: {entry['test']} passes with this mutant:\n- {entry['old']}\n+ {entry['new']}")
    for entry in gone:
        print(f"{entry['file']}: no longer fits: {entry['old'].strip().splitlines()[-1].strip()}")
    print(f"{len(killed)} mutants of {len(sample)} killed, {len(survived)} survived, {len(gone)} no longer fit")
    return killed, survived, gone


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=300, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--draw", type=int, metavar="N")
    arguments = parser.parse_args()
    try:
        if arguments.sample:
            killed, survived, gone = run_sample()
            sys.exit(bool(survived) or 2 * len(gone) > len(killed))
        if arguments.draw:
            draw(arguments.draw)
        else:
            campaign(arguments.number, arguments.seed)
    except (Broken, OSError, subprocess.CalledProcessError) as problem:
        sys.exit(f"mutate.py: {problem}")


if __name__ == "__main__":
    main()
