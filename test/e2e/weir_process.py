"""Starts the real program on free ports in a directory of its own, for the end-to-end tests.

WEIR_BINARY names the program. Nothing here sleeps for luck: every wait is for a condition, with a
deadline that fails the test.
"""
import base64
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from certificates import Certificates

BINARY = os.environ.get("WEIR_BINARY", "build/release/weir")
DEADLINE_S = 60  # generous: the sanitized program on a busy machine

ENV = {
    "INFLUXDB_USERNAME": "admin",
    "INFLUXDB_PASSWORD": "correct horse",
    "INFLUXDB_TOKEN": "the-tutorials-token",
    "INFLUXDB_ORG": "tutorial",
    "INFLUXDB_BUCKET": "temperature",
}


def wait_for(condition, what, deadline_s=DEADLINE_S):
    """Polls until condition() is truthy and returns its value."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {deadline_s} s still waiting for {what}")
        time.sleep(0.02)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Weir:
    """One running server. `env` fills its .env file; `config` is the text of its weir.toml; `tls`
    is an ssl context for one that was told to use HTTPS; one that `has_broker` listens for MQTT."""

    def __init__(self, env=None, config=None, arguments=(), tls=None, has_broker=True):
        self.directory = tempfile.TemporaryDirectory(prefix="weir-e2e-")
        self.path = Path(self.directory.name)
        self.env = dict(ENV if env is None else env)
        (self.path / ".env").write_text("".join(f'{k}="{v}"\n' for k, v in self.env.items()))
        if config is not None:
            (self.path / "weir.toml").write_text(config)
        self.arguments = list(arguments)
        self.tls = tls
        self.has_broker = has_broker
        self.process = self.log = None
        self.http_port = self.mqtt_port = 0

    def start(self):
        if self.log:
            self.log.close()
        self.log = open(self.path / "output.txt", "a+")
        self.log.seek(0, os.SEEK_END)
        self.log_start = self.log.tell()
        self.process = subprocess.Popen(
            [os.path.abspath(BINARY), "run", "--data-dir", "data",
             "--http-listen", f"127.0.0.1:{self.http_port}",
             *(["--mqtt-listen", f"127.0.0.1:{self.mqtt_port}"] if self.has_broker else []),
             *self.arguments],
            cwd=self.path, stdout=self.log, stderr=subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if not k.startswith(("INFLUXDB_", "WEIR_"))})
        self.http_port = int(self.wait_for_output(r"https?://127\.0\.0\.1:(\d+)"))
        if self.has_broker:
            self.mqtt_port = int(self.wait_for_output(r"mqtt://127\.0\.0\.1:(\d+)"))
        wait_for(self.is_healthy, "/health to pass")
        return self

    def output(self):
        return (self.path / "output.txt").read_text(errors="replace")[self.log_start:]

    def wait_for_output(self, pattern):
        def look():
            if self.process.poll() is not None:
                raise AssertionError(f"weir ended with {self.process.returncode}:\n{self.output()}")
            return re.search(pattern, self.output())
        return wait_for(look, f"output matching {pattern}").group(1)

    def is_healthy(self):
        try:
            return self.request("GET", "/health").json["status"] == "pass"
        except (OSError, ValueError):
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """A clean stop; the program must end by itself within its promise of 10 seconds."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"weir did not stop on SIGTERM:\n{self.output()}") from None
            if self.process.returncode != 0:
                raise AssertionError(f"weir ended with {self.process.returncode}:\n{self.output()}")

    def close(self):
        try:
            self.stop()
        finally:
            self.log.close()
            self.directory.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.close()

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.http_port}"

    def request(self, method, path, body=None, headers=None, token=None):
        """An answer of any status; an OSError only when there is none."""
        all_headers = dict(headers or {})
        if token:
            all_headers["Authorization"] = f"Token {token}"
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(self.url + path, data=data, headers=all_headers,
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S, context=self.tls) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.headers, refused.read())

    def api(self, method, path, document=None):
        body = None if document is None else json.dumps(document)
        return self.request(method, path, body, {"Content-Type": "application/json"},
                            self.env["INFLUXDB_TOKEN"])

    def write(self, lines, bucket=None, precision="ns"):
        query = urllib.parse.urlencode({"org": self.env["INFLUXDB_ORG"],
                                        "bucket": bucket or self.env["INFLUXDB_BUCKET"],
                                        "precision": precision})
        return self.request("POST", f"/api/v2/write?{query}", lines,
                            {"Content-Type": "text/plain; charset=utf-8"},
                            self.env["INFLUXDB_TOKEN"])

    def query(self, script):
        """Rows of all tables as dictionaries of text."""
        answer = self.request(
            "POST", "/api/v2/query?org=" + urllib.parse.quote(self.env["INFLUXDB_ORG"]), script,
            {"Content-Type": "application/vnd.flux", "Accept": "application/csv"},
            self.env["INFLUXDB_TOKEN"])
        if answer.status != 200:
            raise AssertionError(f"query answered {answer.status}: {answer.text}")
        rows, header = [], None
        for line in answer.text.split("\r\n"):
            cells = line.split(",")
            if line == "":
                header = None
            elif header is None:
                header = cells
                if header[1:3] == ["error", "reference"]:
                    raise AssertionError(f"query failed: {answer.text}")
            else:
                rows.append(dict(zip(header, cells)))
        return rows

    def sign_in(self):
        """The session cookie."""
        account = f"{self.env['INFLUXDB_USERNAME']}:{self.env['INFLUXDB_PASSWORD']}"
        answer = self.request("POST", "/api/v2/signin", b"", {
            "Authorization": "Basic " + base64.b64encode(account.encode()).decode()})
        if answer.status != 204:
            raise AssertionError(f"sign-in answered {answer.status}: {answer.text}")
        return answer.headers["Set-Cookie"].split(";")[0]


class WeirTest(unittest.TestCase):
    """A test case whose server is stopped, checked and removed at its end."""

    def start_weir(self, **options):
        weir = Weir(**options)
        weir.start()
        self.addCleanup(weir.close)
        return weir

    def make_certificates(self):
        directory = tempfile.TemporaryDirectory(prefix="weir-certificates-")
        self.addCleanup(directory.cleanup)
        return Certificates(directory.name)

    def start_weir_with_all_listeners(self, files):
        """A server that speaks MQTT over every transport, and the addresses of those besides TCP."""
        weir = self.start_weir(config='[auto]\nmode = "off"\n', arguments=[
            "--mqtt-listen-tls", "127.0.0.1:0", "--mqtt-listen-websocket", "127.0.0.1:0",
            "--mqtt-listen-websocket-tls", "127.0.0.1:0",
            "--mqtt-tls-certificate", files.path("server.crt"),
            "--mqtt-tls-key", files.path("server.key")])
        return weir, [
            f"{scheme}://localhost:" + weir.wait_for_output(rf" {scheme}://127\.0\.0\.1:(\d+)")
            for scheme in ("mqtts", "ws", "wss")]
