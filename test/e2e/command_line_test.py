"""The command line: write, query, sensor ... against a running server, check-config, verify."""
import json
import os
import subprocess
import unittest

from weir_process import BINARY, WeirTest, wait_for


class CommandLineTest(WeirTest):
    def setUp(self):
        self.weir = self.start_weir()

    def run_weir(self, *arguments, text=None, check=True):
        """Runs in the server's directory, so that its .env names organization, bucket and token."""
        done = subprocess.run([os.path.abspath(BINARY), *arguments], cwd=self.weir.path, input=text,
                              capture_output=True, text=True, timeout=60, check=False)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_write_then_query(self):
        url = self.weir.url
        self.run_weir("write", "--url", url, "room,name=hall temperature=20.5,people=3i 1000000000")
        self.run_weir("write", "--url", url, "--precision", "s",
                      text="room,name=hall temperature=21 2\nroom,name=attic temperature=9 2\n")
        script = 'from(bucket: "temperature") |> range(start: 0) |> keep(columns: ["_time", ' \
                 '"_value", "name", "_field"])'
        table = self.run_weir("query", "--url", url, script).stdout
        self.assertIn("_field=temperature  name=hall\n", table)
        self.assertIn("  1970-01-01T00:00:01Z    20.5\n", table)
        rows = [json.loads(line) for line in
                self.run_weir("query", "--url", url, "--format", "json", script).stdout.splitlines()]
        self.assertEqual(sorted(row["_value"] for row in rows), [3, 9, 20.5, 21])
        csv = self.run_weir("query", "--url", url, "--format", "csv", text=script).stdout
        self.assertTrue(csv.startswith("#datatype,string,long,"), csv[:60])
        nothing = self.run_weir("query", "--url", url, script + " |> filter(fn: (r) => false)")
        self.assertEqual((nothing.stdout, nothing.stderr), ("", "no rows\n"))
        explained = self.run_weir("query", "--url", url, "--explain", script).stdout
        self.assertRegex(explained, r"from \|> range.*\(in the store\)")

    def test_errors_name_the_cause(self):
        url = self.weir.url
        bad_line = self.run_weir("write", "--url", url, "no fields", check=False)
        self.assertEqual(bad_line.returncode, 1)
        self.assertIn("unable to parse 'no fields'", bad_line.stderr)
        bad_script = self.run_weir("query", "--url", url, 'from(bucket: "temperature") |> ragne()',
                                   check=False)
        self.assertEqual(bad_script.returncode, 1)
        self.assertIn("@1:32-1:37: undefined identifier ragne", bad_script.stderr)
        bad_token = self.run_weir("query", "--url", url, "--token", "nobody", "x", check=False)
        self.assertIn("401", bad_token.stderr)
        nobody = self.run_weir("health", "--url", "http://127.0.0.1:1", check=False)
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("127.0.0.1", nobody.stderr)
        self.assertEqual(self.run_weir("wirte", check=False).returncode, 2)

    def test_fmt_keeps_comments(self):
        script, formatted = "// sum\nx=1+2 // three\n", "// sum\nx = 1 + 2 // three\n"
        self.assertEqual(self.run_weir("fmt", "-", text=script).stdout, formatted)
        file = self.weir.path / "a.flux"
        file.write_text(script)
        file.chmod(0o664)
        link = self.weir.path / "link.flux"
        link.symlink_to("a.flux")
        self.assertEqual(self.run_weir("fmt", "-w", "link.flux").stdout, "")
        self.assertEqual(file.read_text(), formatted)
        self.assertEqual(file.stat().st_mode & 0o777, 0o664)
        self.assertTrue(link.is_symlink())
        file.write_text("x = \n")
        wrong = self.run_weir("fmt", "-w", "a.flux", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("a.flux: compilation failed: error @", wrong.stderr)
        self.assertEqual(file.read_text(), "x = \n")

    def test_help_is_found_and_a_wrong_command_named(self):
        self.assertIn("Usage: weir [OPTIONS] SUBCOMMAND", self.run_weir().stdout)
        self.assertIn("Usage: weir [OPTIONS] SUBCOMMAND", self.run_weir("help").stdout)
        self.assertEqual(self.run_weir("help", "query").stdout,
                         self.run_weir("query", "--help").stdout)
        wrong = self.run_weir("qery", check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("there is no command `qery`; did you mean `query`?", wrong.stderr)
        (self.weir.path / "lines.lp").write_text("m f=1\n")
        wrong = self.run_weir("write", "lines.lp", check=False)
        self.assertIn("lines.lp is a file, wanted a line: give it with --file", wrong.stderr)

    def test_sensor_publishes_what_it_prints(self):
        done = self.run_weir("sensor", "--url", f"mqtt://127.0.0.1:{self.weir.mqtt_port}",
                             "--interval", "10ms", "--count", "5", "--kind", "walk", "--devices",
                             "2", "--seed", "1", "--qos", "1")
        printed = sorted(float(line.split()[-1]) for line in done.stdout.splitlines())
        self.assertEqual(len(printed), 10)
        rows = wait_for(lambda: (rows := self.weir.query(
            'from(bucket: "temperature") |> range(start: -1m)')) and len(rows) == 10 and rows,
            "10 points")
        self.assertEqual(sorted(float(row["_value"]) for row in rows), printed)

    def test_inspect_and_check_config(self):
        self.weir.write("room,name=hall temperature=20.5 1000000000")
        self.weir.stop()
        inspected = self.run_weir("inspect", "--data-dir", "data").stdout
        self.assertIn("room,name=hall", inspected)
        printed = self.run_weir("check-config", "--print", "--mqtt-listen", "127.0.0.1:7").stdout
        self.assertRegex(printed, r"mqtt\.listen +=\s127\.0\.0\.1:7 +# --mqtt-listen")
        (self.weir.path / "weir.toml").write_text('[mqtt]\nlisten = "127.0.0.1:notaport"\n')
        wrong = self.run_weir("check-config", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("weir.toml:2:1: mqtt.listen", wrong.stderr)
        (self.weir.path / "weir.toml").write_text(
            '[mqtt]\nmax_inflight = 0\nlisen = ":1"\n[[map]]\ntopic = "a"\nfeilds = "b"\n')
        wrong = self.run_weir("check-config", "--set", "log.level=loud",
                              "--set", "threads.workers=none", check=False)
        self.assertEqual(wrong.returncode, 1)
        for mistake in ("weir.toml:2:1: mqtt.max_inflight", "weir.toml:3:1: unknown setting",
                        "--set: log.level", "--set: threads.workers",
                        "weir.toml:6:1: unknown key"):
            self.assertIn(mistake, wrong.stderr)

    def test_verify_names_the_damaged_file(self):
        self.weir.write("room,name=hall temperature=20.5 1000000000")
        used = self.run_weir("verify", "--data-dir", "data", check=False)
        self.assertEqual(used.returncode, 1, used.stdout)
        self.weir.stop()
        self.assertIn("no damage found", self.run_weir("verify", "--data-dir", "data").stdout)
        tables = (self.weir.path / "data/store/chunks").glob("*.sst")
        table = max(tables, key=lambda path: path.stat().st_size)
        damaged = bytearray(table.read_bytes())
        damaged[len(damaged) // 20] ^= 0x10
        table.write_bytes(damaged)
        found = self.run_weir("verify", "--data-dir", "data", check=False)
        self.assertEqual(found.returncode, 1, found.stdout)
        self.assertIn(f"store/chunks/{table.name}", found.stdout)
        self.assertIn("what to do:", found.stdout)

    def test_a_second_server_on_the_same_data_is_refused(self):
        done = self.run_weir("run", "--data-dir", "data", "--http-listen", "127.0.0.1:0",
                             "--mqtt-listen", "127.0.0.1:0", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another directory (--data-dir)", done.stderr)
        self.assertTrue(self.weir.is_healthy())


if __name__ == "__main__":
    unittest.main()
