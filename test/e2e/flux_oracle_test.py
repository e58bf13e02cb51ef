"""The official Flux parser and type checker against weir's: both accept, or both refuse, a script.

The scripts: every query of test/flux/*.case, test/flux/checks/*.txt, and generated ones. What the
two see differently on purpose is listed in test/flux/checks/differences.txt, with its reason, as
docs/compat.md tells it ("Flux front end")."""
import itertools
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from weir_process import WeirTest

HERE = Path(__file__).resolve().parent
FLUX = HERE.parent / "flux"
FROM = 'from(bucket: "b") |> range(start: -1h)'

VALUES = {"int": "1", "uint": "uint(v: 1)", "float": "1.5", "string": '"a"', "bool": "true",
          "time": "2020-01-01T00:00:00Z", "duration": "1h", "regexp": "/a/", "bytes": 'bytes(v: "a")',
          "array": "[1]", "record": "{a: 1}", "dictionary": '["a": 1]', "function": "(a) => a",
          "stream": FROM}
OPERATORS = ["+", "-", "*", "/", "%", "^", "<", "<=", ">", ">=", "==", "!=", "=~", "!~", "and", "or"]
# Calls with one place for a value of any type.
CALLS = [
    "{from} |> filter(fn: (r) => %s)", "{from} |> map(fn: (r) => %s)", "{from} |> limit(n: %s)",
    "{from} |> map(fn: (r) => ({r with x: %s}))", "{from} |> group(columns: %s)",
    "{from} |> aggregateWindow(every: %s, fn: mean)", "{from} |> window(every: 1h, offset: %s)",
    "{from} |> aggregateWindow(every: 1h, fn: %s)", "{from} |> set(key: \"a\", value: %s)",
    "{from} |> reduce(identity: {{n: 0}}, fn: (r, accumulator) => %s)", "{from} |> sort(desc: %s)",
    "{from} |> reduce(identity: %s, fn: (r, accumulator) => accumulator)", "{from} |> yield(name: %s)",
    "{from} |> keep(fn: (column) => %s)", "{from} |> rename(fn: (column) => %s)",
    "{from} |> derivative(unit: %s)", "{from} |> quantile(q: %s)", "{from} |> histogram(bins: %s)",
    "from(bucket: %s)", "{from} |> toFloat() |> map(fn: (r) => ({{x: r._value + %s}}))",
    "union(tables: %s)", "join(tables: %s, on: [\"_time\"])", "x = %s |> count()", "x = not %s",
    "x = -%s", "x = if %s then 1 else 2", "x = if true then %s else 1", "x = exists %s",
    "x = \"${%s}\"", "x = [%s, 1]", "x = {a: %s}.a", "x = [1, 2][%s]", "y = %s\nx = y.a",
    "x = string(v: %s)", "x = int(v: %s)", "x = length(arr: %s)", "x = contains(value: %s, set: [1])",
    "import \"strings\"\nx = strings.toUpper(v: %s)", "import \"strings\"\nx = strings.repeat(v: \"a\", i: %s)",
    "import \"math\"\nx = math.round(x: %s)", "import \"date\"\nx = date.hour(t: %s)",
    "import \"date\"\nx = date.truncate(t: now(), unit: %s)", "import \"array\"\narray.from(rows: [%s])",
    "import \"array\"\nx = array.map(arr: [1], fn: (x) => x + %s)",
    "import \"dict\"\nx = dict.get(dict: [\"a\": 1], key: \"b\", default: %s)",
    "import \"regexp\"\nx = regexp.findString(r: %s, v: \"a\")", "import \"csv\"\ncsv.from(csv: %s)",
    "import \"json\"\nx = json.encode(v: %s)", "f = (x) => x + 1\ny = f(x: %s)",
    "f = (x=%s) => x + 1\ny = f()", "f = (g) => g(x: 1)\ny = f(g: (x) => x + %s)",
    "f = (t=<-) => t |> limit(n: 1)\ny = %s |> f()", "option now = %s", "option location = %s",
    "f = (r) => r.a == %s\n{from} |> filter(fn: f)", "x = %s\ny = x(a: 1)",
]


def of_cases():
    for path in sorted(FLUX.glob("*.case")):
        for case in re.split(r"^=== ", path.read_text(), flags=re.M)[1:]:
            query = re.search(r"^--- query\n(.*?)(?=^--- |\Z)", case, flags=re.M | re.S)
            if query:
                yield f"{path.stem}: {case.splitlines()[0]}", query[1]


def of_texts():
    for script in (FLUX / "checks" / "scripts.txt").read_text().split("\n---\n")[1:]:
        yield script, script


def generated():
    for (left, a), operator, (right, b) in itertools.product(VALUES.items(), OPERATORS, VALUES.items()):
        yield f"{left} {operator} {right}", f"x = ({a}) {operator} ({b})\n{FROM}"
    for call, (kind, value) in itertools.product(CALLS, VALUES.items()):
        if "%s}\"" in call and '"' in value:
            continue  # a string within a string's interpolation is tried elsewhere
        yield (f"{call} of {kind}",
               call.replace("{{", "{").replace("}}", "}").replace("{from}", FROM) % value + "\n" + FROM)


def differences():
    """[(reason, whose side accepts, pattern)]: lines `accepts REGEXP` or `refuses REGEXP` after `# reason`."""
    reason, found = "", []
    for line in (FLUX / "checks" / "differences.txt").read_text().splitlines():
        if line.startswith("#"):
            reason = line[1:].strip()
        elif line:
            verdict, pattern = line.split(" ", 1)
            found.append((reason, verdict, re.compile(pattern, re.S)))
    return found


class FluxOracleTest(WeirTest):
    def test_both_accept_and_refuse_the_same_scripts(self):
        scripts = [*of_cases(), *of_texts(), *generated()]
        self.assertGreater(len(scripts), 3000)
        done = subprocess.run([os.environ.get("WEIR_NODE", "node"), str(HERE / "flux_oracle.mjs")],
                              input=json.dumps([text for _, text in scripts]), capture_output=True,
                              text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        oracle = json.loads(done.stdout)
        weir = self.start_weir()
        allowed, used, wrong, agreed = differences(), set(), [], 0
        for (name, text), theirs in zip(scripts, oracle, strict=True):
            ours = weir.api("POST", "/api/v2/query/analyze", {"query": text}).json["errors"]
            if bool(ours) == bool(theirs):
                agreed += 1
                continue
            verdict = "refuses" if ours else "accepts"
            known = next((i for i, (_, v, pattern) in enumerate(allowed)
                          if v == verdict and pattern.search(name)), None)
            if known is None:
                said = ours[0]["message"] if ours else theirs[0][2]
                wrong.append(f"weir {verdict}: {name}: {said}")
            else:
                used.add(known)
        unused = [f"not seen: {verdict} {pattern.pattern}"
                  for i, (_, verdict, pattern) in enumerate(allowed) if i not in used]
        self.assertEqual(wrong + unused, [], f"{agreed} of {len(scripts)} agree")


if __name__ == "__main__":
    unittest.main()
