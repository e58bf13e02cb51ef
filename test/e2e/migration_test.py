"""From a real InfluxDB 1.6 into weir by its files, and out and in again as line protocol."""
import gzip
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from influxd_process import Influxd
from weir_process import BINARY, WeirTest, wait_for

WEEK = 7 * 24 * 3600 * 10**9
FIRST = 1_600_000_000 * 10**9  # inside a week; the series below span several


def run_weir(weir, *arguments, text=None, expect=0):
    done = subprocess.run([os.path.abspath(BINARY), *map(str, arguments)], cwd=weir.path,
                          input=text, capture_output=True, timeout=500, check=False,
                          text=not isinstance(text, bytes))
    if done.returncode != expect:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def export(weir, bucket, *arguments):
    path = weir.path / "exported.lp"
    run_weir(weir, "export", "--lp", "--url", weir.url, "--bucket", bucket, "-o", path, *arguments)
    return path.read_bytes()


def split_line(line):
    """A line of weir's export: (series, field, text of the value, time)."""
    at, parts = 0, []
    for stop in " =":
        begin = at
        while line[at] != stop:
            at += 2 if line[at] == "\\" else 1
        parts.append(line[begin:at])
        at += 1
    value, time = line[at:].rsplit(" ", 1)
    return parts[0], parts[1], value, int(time)


def export_lines(text):
    """Whole lines: one whose string holds line breaks is one."""
    whole, line = [], ""
    for part in text.split("\n"):
        line += part
        quotes = line.replace("\\\\", "").replace('\\"', "").count('"')
        if quotes % 2 == 1:
            line += "\n"
        elif line:
            whole.append(line)
            line = ""
    return whole


def unescape(text):
    out, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ", =":
            at += 1
        out += text[at]
        at += 1
    return out


def typed(text):
    """A value as Python has it from InfluxDB's JSON, with its type to tell 1 from 1.0."""
    if text.startswith('"'):
        return "string", text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if text in ("true", "false"):
        return "boolean", text == "true"
    if text.endswith("i"):
        return "integer", int(text[:-1])
    return "float", struct.pack(">d", float(text))


class Source:
    """What was written to InfluxDB, series by series, to ask for it again."""

    def __init__(self, influxd):
        self.influxd = influxd

    def everything(self, database, policy):
        """{(measurement, tags, field, time): (type, value)} of every value InfluxDB has."""
        found = {}
        source = f'"{database}"."{policy}"'
        types = {}
        for series in self.influxd.query(f"SHOW FIELD KEYS ON \"{database}\" FROM {source}./.*/",
                                         database):
            for field, kind in series["values"]:
                types[series["name"], field] = kind
        tag_keys = {}
        for series in self.influxd.query(f"SHOW TAG KEYS ON \"{database}\" FROM {source}./.*/",
                                         database):
            tag_keys[series["name"]] = [row[0] for row in series["values"]]
        for measurement in sorted({name for name, _ in types}):
            quoted = measurement.replace("\\", "\\\\").replace('"', '\\"')
            for series in self.influxd.query(f'SELECT * FROM {source}."{quoted}" GROUP BY *',
                                             database):
                tags = tuple(sorted((k, v) for k, v in series.get("tags", {}).items() if v != ""))
                columns = series["columns"]
                for row in series["values"]:
                    for field, value in zip(columns[1:], row[1:]):
                        if value is None:
                            continue
                        kind = types[measurement, field]
                        if kind == "float":
                            value = struct.pack(">d", float(value))
                        found[measurement, tags, field, row[0]] = (kind, value)
        return found


def in_weir(weir, bucket):
    found = {}
    for line in export_lines(export(weir, bucket).decode()):
        series, field, value, time = split_line(line)
        parts, part, at = [], "", 0
        while at < len(series):
            if series[at] == "\\" and at + 1 < len(series):
                part += series[at:at + 2]
                at += 2
                continue
            if series[at] == ",":
                parts.append(part)
                part = ""
            else:
                part += series[at]
            at += 1
        parts.append(part)
        tags = []
        for tag in parts[1:]:
            equals = next(i for i in range(len(tag)) if tag[i] == "=" and tag[i - 1] != "\\")
            tags.append((unescape(tag[:equals]), unescape(tag[equals + 1:])))
        key = (unescape(parts[0]), tuple(sorted(tags)), unescape(field), time)
        if key in found:
            raise AssertionError(f"exported twice: {key}")
        found[key] = typed(value)
    return found


def bulk_lines(rng, series, points):
    """A regular series of floats, integers and booleans over three weeks, in time order."""
    lines = []
    step = 3 * WEEK // points
    level, count = 20.0, 0
    for i in range(points):
        level = round(level + rng.uniform(-0.5, 0.5), 2)
        count += rng.randrange(5)
        lines.append(f"climate,site=site{series % 7},device=d{series:04} "
                     f"temperature={level},count={count}i,on={'t' if i % 9 else 'f'} "
                     f"{FIRST + i * step}")
    return lines


ODD_LINES = [
    'odd\\ name\\,with=all,tag\\ one=a\\ b\\,c\\=d,ünï=çø∂é f\\ 1=1.5,f\\,2="x" ',
    'text,host=a s="plain",empty="" ',
    'text,host=a s="line one\nline two \\"quoted\\" and back\\\\slash, = comma" ',
    'text,host=\\"q\\" s="日本語 🌡" ',
    "numbers,host=a f=-0,g=1e-300,h=1.7976931348623157e308,i=5e-324 ",
    "numbers,host=a small=-9223372036854775808i,large=9223372036854775807i,zero=0i ",
    "numbers f=0.1 ",
    "flags,host=a up=true,down=false ",
]


class MigrationTest(WeirTest):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="weir-influxd-")
        cls.influxd = Influxd(cls.directory.name, snapshot_bytes=1 << 20).start()
        try:
            cls.fill(cls.influxd)
            # The files as a crash right after the deletes leaves them: tombstones not yet compacted
            # away, values still in the log. What InfluxDB makes of them is what must arrive.
            cls.influxd.kill()
            cls.files = Path(cls.directory.name) / "files"
            shutil.copytree(cls.influxd.data, cls.files)
            source = Source(cls.influxd.start())
            cls.expected = {name: source.everything(*name.split("/"))
                            for name in ("plant/autogen", "plant/short week")}
        finally:
            cls.influxd.stop()

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    @classmethod
    def fill(cls, influxd):
        rng = random.Random(7)
        influxd.query("CREATE DATABASE plant")
        influxd.query('CREATE RETENTION POLICY "short week" ON plant DURATION 90000h '
                      "REPLICATION 1 SHARD DURATION 24h")
        for series in range(40):  # 40 x 8,400 points of three values: a million
            influxd.write("\n".join(bulk_lines(rng, series, 8_400)), "plant")
        for i, line in enumerate(ODD_LINES):
            for when in (0, 1, FIRST + i, -WEEK * 2000, 2**62):
                influxd.write(f"{line}{when}", "plant")
        # Late, repeated, and overwritten in part: what counts is the last value of each field.
        influxd.write("\n".join(f"climate,site=site0,device=d0000 temperature={i}.5,extra={i}i "
                                f"{FIRST + i * (3 * WEEK // 8_400)}" for i in range(0, 3000, 3)),
                      "plant")
        influxd.write("\n".join(f"climate,site=site1,device=d0001 temperature=-1 {FIRST - i}"
                                for i in range(2000)), "plant")
        influxd.write("\n".join(f"short,n=n{i % 3} v={i}i {FIRST + i * 10**9}"
                                for i in range(200_000)), "plant", "short week")
        for policy, files in ("autogen", 3), ("short week", 1):
            wait_for(lambda p=policy, n=files: len(list(
                influxd.data.glob(f"data/plant/{p}/*/*.tsm"))) >= n,
                     f"InfluxDB to write files of {policy}")
        # Deletes of files' values, of the log's, and a series that comes back afterwards.
        influxd.query(f"DELETE FROM climate WHERE device = 'd0002' AND time >= {FIRST + WEEK} "
                      f"AND time < {FIRST + 2 * WEEK}", "plant")
        influxd.query("DROP SERIES FROM climate WHERE device = 'd0003'", "plant")
        influxd.query("DROP SERIES FROM climate WHERE device = 'd0004'", "plant")
        influxd.write(f"climate,site=site4,device=d0004 temperature=4.25 {FIRST + 5}", "plant")
        influxd.write("gone,a=b v=1 5\ngone,a=c v=2 5", "plant")
        influxd.query("DELETE FROM gone WHERE a = 'b'", "plant")
        influxd.query("DROP MEASUREMENT flags", "plant")
        influxd.write(f"flags,host=new up=7 {FIRST}", "plant")  # of another type than before

    def import_all(self, weir, *arguments, expect=0):
        return run_weir(weir, "import", "--url", weir.url, "--influxd", self.files,
                        "--state", "state.json", "--rejects", "rejects.lp", *arguments,
                        expect=expect)

    def compare(self, got, wanted):
        self.assertEqual(len(got), len(wanted))
        wrong = [key for key in wanted if got.get(key) != wanted[key]]
        self.assertEqual([(key, wanted[key], got.get(key)) for key in wrong[:5]], [])

    def test_every_value_of_a_real_influxdb_arrives(self):
        files = list(self.files.rglob("*"))
        self.assertGreater(len([f for f in files if f.suffix == ".tsm"]), 3)
        self.assertTrue([f for f in files if f.suffix == ".tombstone"])
        self.assertGreater(sum(f.stat().st_size for f in files if f.suffix == ".wal"), 0)
        total = sum(map(len, self.expected.values()))
        self.assertGreater(total, 1_000_000)
        weir = self.start_weir()
        missing = self.import_all(weir, expect=1)
        self.assertIn("--create-buckets", missing.stderr)
        looked = self.import_all(weir, "--dry-run")
        self.assertIn("plant/short week -> bucket plant/short week", looked.stderr)
        self.assertIn("would import", looked.stdout)
        done = self.import_all(weir, "--create-buckets")
        self.assertIn("imported", done.stdout)
        self.assertNotIn("refused", done.stdout)
        self.assertFalse((weir.path / "state.json").exists())
        for name, wanted in self.expected.items():
            self.compare(in_weir(weir, name), wanted)
        buckets = {b["name"]: b for b in weir.api("GET", "/api/v2/buckets?limit=100").json["buckets"]}
        self.assertEqual(buckets["plant/short week"]["retentionRules"][0]["everySeconds"],
                         90_000 * 3600)
        self.assertEqual(buckets["plant/autogen"]["retentionRules"][0]["everySeconds"], 0)

    def test_a_range_of_one_bucket_into_another(self):
        weir = self.start_weir()
        several = self.import_all(weir, "--bucket", "temperature", expect=1)
        self.assertIn("--from", several.stderr)
        unknown = self.import_all(weir, "--from", "plant/none", expect=1)
        self.assertIn("plant/autogen", unknown.stderr)
        self.import_all(weir, "--from", "plant/short week", "--bucket", "temperature",
                        "--start", "2020-09-13T12:27:00Z", "--stop", "2020-09-13T12:28:00Z")
        begin = 1_600_000_020 * 10**9
        wanted = {key: value for key, value in self.expected["plant/short week"].items()
                  if begin <= key[3] < begin + 60 * 10**9}
        self.assertEqual(len(wanted), 60)
        self.compare(in_weir(weir, "temperature"), wanted)

    def test_the_directory_of_influxdb_2(self):
        """InfluxDB 2 keeps the same files under the bucket's id."""
        with tempfile.TemporaryDirectory(prefix="weir-influxd2-") as name:
            bucket_id = "00000000000000aa"
            for kind in ("data", "wal"):
                shutil.copytree(self.files / kind / "plant" / "short week",
                                Path(name) / "engine" / kind / bucket_id / "autogen")
            weir = self.start_weir()
            done = run_weir(weir, "import", "--url", weir.url, "--influxd", name,
                            "--create-buckets")
            self.assertIn("influxd.bolt", done.stderr)
            self.compare(in_weir(weir, bucket_id), self.expected["plant/short week"])

    def test_damage_is_named_and_the_rest_arrives(self):
        with tempfile.TemporaryDirectory(prefix="weir-damaged-") as name:
            root = Path(name) / "influxdb"
            shutil.copytree(self.files, root)
            broken = max(root.glob("data/plant/short week/*/*.tsm"), key=lambda f: f.stat().st_size)
            content = bytearray(broken.read_bytes())
            content[100] ^= 1
            broken.write_bytes(content)
            weir = self.start_weir()
            done = run_weir(weir, "import", "--url", weir.url, "--influxd", root, "--from",
                            "plant/short week", "--create-buckets", expect=1)
            self.assertRegex(done.stderr,
                             re.escape(str(broken)) + r": offset \d+: the block's checksum")
            self.assertIn("1 damaged places were left out", done.stdout)
            got = in_weir(weir, "plant/short week")
            wanted = self.expected["plant/short week"]
            self.assertEqual({key: wanted[key] for key in got}, got)
            self.assertGreaterEqual(len(got), len(wanted) - 1000)


class RoundTripTest(WeirTest):
    LINES = ("m,a=b\\ c b=true,f=-0,i=-5i,s=\"x\ny \\\"z\\\"\",u=18446744073709551615u 5\n"
             "m,a=b\\ c f=5e-324 -9223372036854775806\nm f=1.5,g=2i 9223372036854775806\n"
             "ünï\\ t,ß=\\=ö x=0.30000000000000004 1600000000000000000\n")

    def test_export_then_import_then_export_is_the_same_bytes(self):
        first, second = self.start_weir(), self.start_weir()
        self.assertEqual(first.write(self.LINES).status, 204)
        more = "".join(f"n,t={i % 50} v={i / 7},w={i}i {i * 10**12}\n" for i in range(30_000))
        self.assertEqual(first.write(more).status, 204)
        exported = export(first, "temperature")
        self.assertEqual(exported.count(b"\n"), 60_000 + 9 + 1)
        (second.path / "in.lp.gz").write_bytes(gzip.compress(exported))
        run_weir(second, "import", "--url", second.url, "in.lp.gz")
        self.assertEqual(export(second, "temperature"), exported)
        packed = second.path / "out.lp.gz"
        run_weir(second, "export", "--lp", "--url", second.url, "--gzip", "-o", packed)
        self.assertEqual(gzip.decompress(packed.read_bytes()), exported)
        run_weir(second, "export", "--lp", "--all", "--url", second.url, "-o", "all")
        self.assertEqual((second.path / "all" / "temperature.lp").read_bytes(), exported)
        part = export(second, "temperature", "--predicate", '_measurement=n AND t="3" AND _field=w',
                      "--start", "1970-01-01T00:00:00Z", "--stop", "1970-01-02T00:00:00Z")
        self.assertEqual(part.decode(), "".join(f"n,t=3 w={i}i {i * 10**12}\n"
                                                for i in range(3, 87, 50)))

    def test_an_export_that_is_refused_leaves_no_file(self):
        weir = self.start_weir()
        done = run_weir(weir, "export", "--lp", "--url", weir.url, "--bucket", "nowhere", "-o",
                        "out.lp", expect=1)
        self.assertIn('answered 404: bucket "nowhere" not found', done.stderr)
        self.assertEqual(list(weir.path.glob("out.lp*")), [])

    def test_bad_lines_are_kept_with_their_reasons(self):
        weir = self.start_weir()
        lines = "good v=1 1\nbad\n# a comment\ngood v=2i 2\ngood v=3 3\nquote s=\"open 4\ngood v=5 5\n"
        (weir.path / "in.lp").write_text(lines)
        done = run_weir(weir, "import", "--url", weir.url, "in.lp", expect=1)
        self.assertIn("imported 3 points", done.stdout)
        self.assertIn("refused 3 lines: see in.lp.rejects", done.stdout)
        rejects = (weir.path / "in.lp.rejects").read_text()
        self.assertIn("# in.lp:2: missing fields\nbad\n", rejects)
        self.assertIn("# in.lp:4: field type conflict: ", rejects)
        self.assertIn("good v=2i 2\n", rejects)
        self.assertIn("# in.lp:6: unbalanced quotes\n", rejects)
        self.assertEqual(export(weir, "temperature").decode(),
                         "good v=1 1\ngood v=3 3\ngood v=5 5\n")

    def test_annotated_csv_of_both_dialects(self):
        weir = self.start_weir()
        (weir.path / "written.csv").write_text(
            "#constant measurement,cpu\n#datatype tag,double,long,boolean,string,dateTime:RFC3339\n"
            "#default ,,7,,,\nhost,usage,count,on,note,time\n"
            'a b,1.5,,true,"say ""hi"",\nyou",2020-01-01T00:00:00Z\n'
            "c,oops,1,true,x,2020-01-01T00:00:00Z\n")
        done = run_weir(weir, "import", "--url", weir.url, "written.csv", expect=1)
        self.assertIn("column 2 (usage): got `oops`, wanted a double", done.stdout)
        self.assertIn("# written.csv:7: ", (weir.path / "written.csv.rejects").read_text())
        wanted = ('cpu,host=a\\ b count=7i 1577836800000000000\n'
                  'cpu,host=a\\ b note="say \\"hi\\",\nyou" 1577836800000000000\n'
                  "cpu,host=a\\ b on=true 1577836800000000000\n"
                  "cpu,host=a\\ b usage=1.5 1577836800000000000\n")
        self.assertEqual(export(weir, "temperature").decode(), wanted)
        answer = run_weir(weir, "query", "--url", weir.url, "--format", "csv",
                          'from(bucket: "temperature") |> range(start: 0)').stdout
        second = self.start_weir()
        run_weir(second, "import", "--url", second.url, "--format", "csv", text=answer)
        self.assertEqual(export(second, "temperature").decode(), wanted)
        (weir.path / "untyped.csv").write_text("a,b\n1,2\n")
        wrong = run_weir(weir, "import", "--url", weir.url, "untyped.csv", expect=1)
        self.assertIn("untyped.csv:1: column 1 (a): has no type: wanted a #datatype row",
                      wrong.stderr)

    def test_an_import_goes_on_after_the_server_was_away(self):
        weir = self.start_weir()
        lines = "".join(f"m,t={i % 10} v={i}i {i}\n" for i in range(1_000_000))
        (weir.path / "in.lp").write_text(lines)
        process = subprocess.Popen(
            [os.path.abspath(BINARY), "import", "--url", weir.url, "in.lp"], cwd=weir.path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        state = weir.path / "in.lp.weir-import"
        wait_for(lambda: state.exists() or process.poll() is not None, "the import to begin")
        weir.kill()
        self.assertIsNone(process.poll())
        weir.start()
        output, errors = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn("imported 1,000,000 points of 10 series", output)
        self.assertEqual(sorted(export(weir, "temperature").decode().splitlines()),
                         sorted(lines.splitlines()))

    def test_an_import_that_was_killed_resumes(self):
        weir = self.start_weir()
        lines = "".join(f"m,t={i % 10} v={i}i {i}\n" for i in range(1_500_000))
        (weir.path / "in.lp").write_text(lines)
        process = subprocess.Popen(
            [os.path.abspath(BINARY), "import", "--url", weir.url, "--in-flight", "1", "in.lp"],
            cwd=weir.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        state = weir.path / "in.lp.weir-import"
        wait_for(lambda: state.exists() or process.poll() is not None, "the state file")
        process.kill()
        self.assertEqual(process.wait(), -signal.SIGKILL)
        kept = json.loads(state.read_text())
        self.assertGreater(kept["points"], 0)
        done = run_weir(weir, "import", "--url", weir.url, "in.lp")
        self.assertIn(f"going on after {kept['points']:,} points", done.stderr)
        stored = int(re.search(r"imported ([\d,]+) points", done.stdout)[1].replace(",", ""))
        self.assertEqual(stored + kept["points"], 1_500_000)
        self.assertFalse(state.exists())
        self.assertEqual(sorted(export(weir, "temperature").decode().splitlines()),
                         sorted(lines.splitlines()))


if __name__ == "__main__":
    unittest.main()
