"""A backup under load, the machine's end, and what is restored from it."""
import io
import itertools
import json
import os
import shutil
import struct
import subprocess
import tarfile
import threading
import time
import unittest

import paho.mqtt.client as mqtt

from weir_process import BINARY, WeirTest, wait_for

CONFIG = '[[map]]\ntopic = "readings/{device}"\nmeasurement = "mqtt"\ntypes = { value = "int" }\n' \
         'fields = ["value"]\ntime = "ts"\n'
START_NS = 1_700_000_000_000_000_000


class HttpWriter(threading.Thread):
    """Writes numbered points until the server is gone; remembers what was answered with 204."""

    def __init__(self, weir):
        super().__init__(daemon=True)
        self.weir, self.acknowledged = weir, []

    def run(self):
        for first in itertools.count(1, 10):
            numbers = range(first, first + 10)
            lines = "\n".join(f"http,writer=w{n % 3} value={n}i {START_NS + n}" for n in numbers)
            try:
                answer = self.weir.write(lines)
            except OSError:
                return
            if answer.status == 204:
                self.acknowledged.extend(numbers)


class MqttWriter(threading.Thread):
    """Publishes numbered readings with QoS 1 until it is told to stop; remembers what was
    acknowledged."""

    def __init__(self, weir):
        super().__init__(daemon=True)
        self.stopped, self.numbers, self.acknowledged_ids = threading.Event(), {}, []
        self.client = mqtt.Client(client_id="writer")
        self.client.max_inflight_messages_set(20)
        # Only appends: paho holds locks of its own while it calls this.
        self.client.on_publish = lambda _client, _data, mid: self.acknowledged_ids.append(mid)
        self.client.connect("127.0.0.1", weir.mqtt_port)
        self.client.loop_start()

    @property
    def acknowledged(self):
        return [self.numbers[mid] for mid in list(self.acknowledged_ids) if mid in self.numbers]

    def run(self):
        number = 1
        while not self.stopped.is_set():
            if len(self.numbers) - len(self.acknowledged_ids) >= 20:
                time.sleep(0.001)
                continue
            payload = f'{{"value":{number},"ts":{START_NS + number}}}'
            sent = self.client.publish(f"readings/d{number % 3}", payload, qos=1)
            self.numbers[sent.mid] = number
            number += 1
        self.client.loop_stop()


def stored_numbers(weir, measurement):
    rows = weir.query('from(bucket: "temperature") |> range(start: 2023-11-01T00:00:00Z) '
                      f'|> filter(fn: (r) => r._measurement == "{measurement}") '
                      '|> keep(columns: ["_time", "_value"])')
    return {int(row["_value"]) for row in rows}


def run_weir(weir, *arguments, expect=0):
    done = subprocess.run([os.path.abspath(BINARY), *map(str, arguments)], cwd=weir.path,
                          capture_output=True, timeout=300, check=False, text=True,
                          env={k: v for k, v in os.environ.items()
                               if not k.startswith(("INFLUXDB_", "WEIR_"))})
    if done.returncode != expect:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def files_below(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*")
                  if path.is_file())


def run(series, field, kind, rows):
    """Points for POST /api/v2/weir/points, fewer than 128 of each."""
    return (bytes([len(series)]) + series.encode() + bytes([len(field)]) + field.encode()
            + bytes([kind, len(rows)]) + b"".join(struct.pack("<q", time) for time, _ in rows)
            + b"".join(value for _, value in rows))


def publish(weir, topic, payload, retain=False):
    client = mqtt.Client(client_id="publisher")
    client.connect("127.0.0.1", weir.mqtt_port)
    client.loop_start()
    client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


def kept_session(weir, received):
    """Connects the client `keeper`, whose session the broker keeps."""
    client = mqtt.Client(client_id="keeper", clean_session=False)
    client.on_message = lambda _client, _data, message: received.append(
        (message.topic, message.payload.decode(), message.retain))
    client.connect("127.0.0.1", weir.mqtt_port)
    client.subscribe("news/#", qos=1)
    client.loop_start()
    return client


class BackupTest(WeirTest):
    def test_all_that_was_acknowledged_before_is_restored(self):
        weir = self.start_weir(config=CONFIG)
        received = []
        keeper = kept_session(weir, received)
        publish(weir, "news/retained", "stays", retain=True)
        wait_for(lambda: received, "the subscription to hold")
        keeper.disconnect()
        keeper.loop_stop()
        publish(weir, "news/queued", "waits")

        http_writer, mqtt_writer = HttpWriter(weir), MqttWriter(weir)
        http_writer.start()
        mqtt_writer.start()
        for number in range(3):
            goal = 300 * (number + 1)
            wait_for(lambda: len(http_writer.acknowledged) >= goal
                     and len(mqtt_writer.acknowledged) >= goal, "acknowledgements")
            before_http = set(http_writer.acknowledged)
            before_mqtt = set(mqtt_writer.acknowledged)
            done = run_weir(weir, "backup", f"backup{number}", "--url", weir.url)
            self.assertIn("backed up", done.stderr)
        weir.kill()
        mqtt_writer.stopped.set()
        mqtt_writer.join()
        http_writer.join()
        shutil.rmtree(weir.path / "data")
        run_weir(weir, "restore", "backup2", "--data-dir", "data")

        self.assertIn("no damage found", run_weir(weir, "verify", "--data-dir", "backup2").stdout)

        # What was restored is the backup, file by file; no link leads from one to the other.
        names = {file["name"] for file in
                 json.loads((weir.path / "backup2" / "backup.json").read_text())["files"]}
        self.assertEqual(set(files_below(weir.path / "data")), names)
        for name in names:
            self.assertEqual((weir.path / "backup2" / name).stat().st_nlink, 1, name)
        weir.start()
        for measurement, before in (("http", before_http), ("mqtt", before_mqtt)):
            self.assertEqual(before - stored_numbers(weir, measurement), set(), measurement)
        received.clear()
        keeper = kept_session(weir, received)
        wait_for(lambda: {("news/queued", "waits", False), ("news/retained", "stays", True)}
                 <= set(received), "the session's queue and the retained message")
        keeper.disconnect()
        keeper.loop_stop()

        # Over what is there only if told so, and not while it runs.
        refused = run_weir(weir, "restore", "backup0", "--data-dir", "data", expect=1)
        self.assertIn("--replace", refused.stderr)
        refused = run_weir(weir, "restore", "backup0", "--data-dir", "data", "--replace", expect=1)
        self.assertIn("a running weir uses data: stop it first", refused.stderr)
        weir.stop()
        run_weir(weir, "restore", "backup0", "--data-dir", "data", "--replace")
        weir.start()
        self.assertGreaterEqual(len(stored_numbers(weir, "http")), 300)

    def test_a_backup_serves_as_a_data_directory(self):
        weir = self.start_weir(config=CONFIG)
        self.assertEqual(weir.write("m value=1i 1700000000000000000").status, 204)
        run_weir(weir, "backup", "backup", "--url", weir.url)
        weir.stop()
        shutil.rmtree(weir.path / "data")
        (weir.path / "backup").rename(weir.path / "data")
        weir.start()
        self.assertEqual(stored_numbers(weir, "m"), {1})
        # The other way: of a directory at rest.
        weir.stop()
        run_weir(weir, "backup", "--data-dir", "data", "second")
        run_weir(weir, "restore", "second", "--data-dir", "data", "--replace")
        weir.start()
        self.assertEqual(stored_numbers(weir, "m"), {1})

    def test_the_archive_is_one_that_tar_reads(self):
        weir = self.start_weir()
        self.assertEqual(weir.write("m value=1i 1700000000000000000").status, 204)
        answer = weir.request("GET", "/api/v2/weir/backup", token=weir.env["INFLUXDB_TOKEN"])
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/x-tar")
        with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
            archive.extractall(weir.path / "unpacked")
        manifest = json.loads((weir.path / "unpacked" / "backup.json").read_text())
        names = sorted([file["name"] for file in manifest["files"]] + ["backup.json"])
        self.assertEqual(files_below(weir.path / "unpacked"), names)
        self.assertIn("weir.sqlite", names)
        run_weir(weir, "restore", "unpacked", "--data-dir", "restored")

    def test_a_bucket_comes_back_beside_itself_with_every_bit(self):
        weir = self.start_weir()
        lines = []
        for n in range(5000):
            time = 1_600_000_000_000_000_000 + n * 3_600_000_000_000  # over 30 shard groups
            lines.append(f'm,room=r{n % 7},with\\ space=a\\,b f={n / 7!r},i={n - 2500}i,'
                         f'u={2**64 - 1 - n}u,b={"true" if n % 3 else "false"},'
                         f's="t {n} \\"x\\" \\\\" {time}')
        lines.append('m f=-0.0,small=5e-324,i=-9223372036854775808i -9223372036854775806')
        self.assertEqual(weir.write("\n".join(lines)).status, 204)
        strange = [struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in
                   (0x7ff8000000000000, 0xfff0000000000000, 0x7ff0000000000000)]
        answer = weir.request(
            "POST", "/api/v2/weir/points?org=tutorial&bucket=temperature",
            run("odd,h=1", "f", 1, [(1_700_000_000_000_000_000 + n, struct.pack("<d", value))
                                    for n, value in enumerate(strange)]),
            token=weir.env["INFLUXDB_TOKEN"])
        self.assertEqual(answer.json, {"points": 3, "dropped": 0, "reason": ""})
        run_weir(weir, "backup", "backup", "--url", weir.url)
        # What happens behind the backup is not in it.
        self.assertEqual(weir.write("later f=1 1700000000000000000").status, 204)

        names = files_below(weir.path / "backup")
        done = run_weir(weir, "restore", "backup", "--bucket", "temperature", "--url", weir.url)
        self.assertIn("to bucket temperature-restored", done.stderr)
        self.assertEqual(files_below(weir.path / "backup"), 
                         sorted(names + ["broker/lock", "store/lock"]))
        exported = {}
        for bucket in ("temperature", "temperature-restored"):
            run_weir(weir, "export", "--lp", "--url", weir.url, "--bucket", bucket, "-o", "out.lp")
            exported[bucket] = (weir.path / "out.lp").read_text().splitlines()
        self.assertEqual(exported["temperature-restored"],
                         [line for line in exported["temperature"] if not line.startswith("later")])
        self.assertEqual(len(exported["temperature-restored"]), 5 * 5000 + 3 + 3)
        rows = weir.query('from(bucket: "temperature-restored") |> range(start: 0) '
                          '|> filter(fn: (r) => r._measurement == "odd")')
        self.assertEqual([row["_value"] for row in rows], ["NaN", "-Inf", "+Inf"])

        done = run_weir(weir, "restore", "backup", "--bucket", "temperature", "--url", weir.url)
        self.assertIn("to bucket temperature-restored-2", done.stderr)
        refused = run_weir(weir, "restore", "backup", "--bucket", "temperature", "--as",
                           "temperature", "--url", weir.url, expect=1)
        self.assertIn("has a bucket temperature already", refused.stderr)
        refused = run_weir(weir, "restore", "backup", "--bucket", "unknown", "--url", weir.url,
                           expect=1)
        self.assertIn("the backup has no bucket unknown; it has: temperature", refused.stderr)
        # The backup serves as before; after all of it, the bucket goes back to its old name.
        weir.api("DELETE", "/api/v2/buckets/" + weir.api(
            "GET", "/api/v2/buckets?name=temperature").json["buckets"][0]["id"])
        done = run_weir(weir, "restore", "backup", "--bucket", "temperature", "--url", weir.url)
        self.assertIn("to bucket temperature in", done.stderr)
        run_weir(weir, "restore", "backup", "--data-dir", "restored")

        # The same into a directory that no server uses.
        data_dir = "data"
        refused = run_weir(weir, "restore", "backup", "--bucket", "temperature", "--data-dir",
                           data_dir, expect=1)
        self.assertIn("a running weir uses", refused.stderr)
        weir.stop()
        done = run_weir(weir, "restore", "backup", "--bucket", "temperature", "--as", "quiet",
                        "--data-dir", data_dir)
        self.assertIn("to bucket quiet in", done.stderr)
        refused = run_weir(weir, "restore", "backup", "--bucket", "temperature", "--as", "quiet",
                           "--data-dir", data_dir, expect=1)
        self.assertIn("has a bucket quiet already", refused.stderr)
        weir.start()
        run_weir(weir, "export", "--lp", "--url", weir.url, "--bucket", "quiet", "-o", "out.lp")
        self.assertEqual((weir.path / "out.lp").read_text().splitlines(),
                         exported["temperature-restored"])

    def test_points_past_the_retention_are_left_out_and_counted(self):
        weir = self.start_weir()
        org = weir.api("GET", "/api/v2/orgs").json["orgs"][0]["id"]
        made = weir.api("POST", "/api/v2/buckets", {
            "orgID": org, "name": "short", "retentionRules": [
                {"type": "expire", "everySeconds": 86400, "shardGroupDurationSeconds": 7200}]})
        self.assertEqual(made.status, 201)
        now = time.time_ns()
        lines = f"m f=1 {now}\nm f=2 {now - 3600 * 10**9}"
        self.assertEqual(weir.write(lines, "short").status, 204)
        run_weir(weir, "backup", "backup", "--url", weir.url)
        done = run_weir(weir, "restore", "backup", "--bucket", "short", "--as", "again", "--url",
                        weir.url)
        self.assertIn("restored 2 values of short", done.stderr)
        rule = weir.api("GET", "/api/v2/buckets?name=again").json["buckets"][0]["retentionRules"][0]
        self.assertEqual((rule["everySeconds"], rule["shardGroupDurationSeconds"]), (86400, 7200))
        dropped = weir.request("POST", "/api/v2/weir/points?org=tutorial&bucket=again",
                               run("m", "f", 2, [(1, struct.pack("<q", 1))]),
                               token=weir.env["INFLUXDB_TOKEN"]).json
        self.assertEqual((dropped["points"], dropped["dropped"]), (0, 1))
        self.assertIn("points beyond retention policy", dropped["reason"])
        bad = weir.request("POST", "/api/v2/weir/points?org=tutorial&bucket=again", b"\x05abc",
                           token=weir.env["INFLUXDB_TOKEN"])
        self.assertEqual(bad.status, 400)

    def test_it_takes_an_operator(self):
        weir = self.start_weir()
        org = weir.api("GET", "/api/v2/orgs").json["orgs"][0]["id"]
        token = weir.api("POST", "/api/v2/authorizations", {
            "orgID": org, "permissions": [
                {"action": action, "resource": {"type": kind, "orgID": org}}
                for action in ("read", "write") for kind in ("buckets", "authorizations", "orgs")]
        }).json["token"]
        for headers, status in ((token, 403), ("unknown", 401), (None, 401)):
            answer = weir.request("GET", "/api/v2/weir/backup", token=headers)
            self.assertEqual(answer.status, status)
        refused = run_weir(weir, "backup", "backup", "--url", weir.url, "--token", token, expect=1)
        self.assertIn("operator token", refused.stderr)
        self.assertFalse((weir.path / "backup").exists())
        self.assertFalse((weir.path / "backup.part").exists())

    def test_a_damaged_backup_is_refused(self):
        weir = self.start_weir()
        self.assertEqual(weir.write("m value=1i 1700000000000000000").status, 204)
        run_weir(weir, "backup", "backup", "--url", weir.url)
        log = next((weir.path / "backup" / "store" / "log").iterdir())
        log.write_bytes(log.read_bytes()[:-1] + b"?")
        refused = run_weir(weir, "restore", "backup", "--data-dir", "restored", expect=1)
        self.assertIn(f"the checksum of store/log/{log.name}", refused.stderr)
        (weir.path / "backup" / "backup.json").unlink()
        refused = run_weir(weir, "restore", "backup", "--data-dir", "restored", expect=1)
        self.assertIn("is no backup, or not a whole one", refused.stderr)
        self.assertEqual(files_below(weir.path / "restored"), [])

    def test_a_broken_off_restore_keeps_weir_from_starting(self):
        weir = self.start_weir()
        run_weir(weir, "backup", "backup", "--url", weir.url)
        weir.stop()
        (weir.path / "data" / "restoring").mkdir()
        refused = run_weir(weir, "run", "--data-dir", "data", "--http-listen", "127.0.0.1:0",
                           "--mqtt-listen", "127.0.0.1:0", expect=1)
        self.assertIn("run `weir restore` again", refused.stderr)
        run_weir(weir, "restore", "backup", "--data-dir", "data", "--replace")
        weir.start()


if __name__ == "__main__":
    unittest.main()
