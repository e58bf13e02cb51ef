"""Starts Debian's InfluxDB 1.6 on free ports in directories of its own, for the end-to-end tests."""
import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from weir_process import wait_for

BINARY = shutil.which("influxd") or "/usr/bin/influxd"

CONFIGURATION = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{root}/meta"
[data]
  dir = "{root}/data"
  wal-dir = "{root}/wal"
  cache-snapshot-memory-size = "{snapshot_bytes}"
[http]
  bind-address = "127.0.0.1:{http_port}"
  max-body-size = 0
  log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Influxd:
    def __init__(self, root, snapshot_bytes=25 << 20):
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.data = self.root / "influxdb"
        self.snapshot_bytes = snapshot_bytes
        self.process = None

    def start(self):
        self.port = free_port()
        configuration = self.root / "influxdb.conf"
        configuration.write_text(CONFIGURATION.format(
            root=self.data, http_port=self.port, rpc_port=free_port(),
            snapshot_bytes=self.snapshot_bytes))
        with open(self.root / "influxd.log", "a") as log:
            self.process = subprocess.Popen([BINARY, "-config", str(configuration)], stdout=log,
                                            stderr=log, cwd=self.root,
                                            env={**os.environ, "HOME": str(self.root)})
        wait_for(self.answers, "InfluxDB to answer")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"influxd ended:\n{(self.root / 'influxd.log').read_text()[-3000:]}")
        try:
            return self.request("/ping", {}, method="GET") is not None
        except OSError:
            return False

    def request(self, path, parameters, body=None, method="POST"):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"
        request = urllib.request.Request(url, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.read()
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{path} answered {refused.code}: {refused.read()}") from None

    def write(self, lines, database, policy=None):
        parameters = {"db": database, **({"rp": policy} if policy else {})}
        self.request("/write", parameters, lines.encode())

    def query(self, statement, database=None):
        """The series of all results."""
        parameters = {"q": statement, "epoch": "ns", **({"db": database} if database else {})}
        answer = json.loads(self.request("/query", parameters),
                            parse_int=lambda text: -0.0 if text == "-0" else int(text))
        series = []
        for result in answer["results"]:
            if "error" in result:
                raise AssertionError(f"{statement}: {result['error']}")
            series += result.get("series", [])
        return series

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()
