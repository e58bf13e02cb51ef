"""Other brokers and databases, to measure beside weir in the same run with the same load."""
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Mosquitto:
    """Debian's mosquitto, without the limits that would lose messages and with TCP_NODELAY."""
    name = "mosquitto"
    config = """listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
persistence false
log_type error
"""

    def __init__(self):
        self.binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if not self.binary:
            raise SystemExit("--peers needs the package mosquitto")
        self.mqtt_port = free_port()

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="weir-peer-")
        path = Path(self.directory.name) / "mosquitto.conf"
        path.write_text(self.config.format(port=self.mqtt_port))
        self.process = subprocess.Popen([self.binary, "-c", str(path)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.mqtt_port)) == 0:
                    return self
            time.sleep(0.01)
        raise SystemExit("mosquitto does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


class Database:
    """A database that takes line protocol as InfluxDB 1 does, in a directory of its own."""
    name = binary_name = ""
    ready_path = "/"
    write_target = "/write?db=bench&precision=ns"
    token = ""

    def __init__(self):
        self.binary = shutil.which(self.binary_name)
        if not self.binary:
            raise SystemExit(f"--peers needs the package {self.name}")
        self.http_port = free_port()

    def command(self):
        raise NotImplementedError

    def get(self, path, data=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", data=data,
                                    timeout=60) as answer:
            return answer.read()

    def prepare(self):
        """What comes before the first write."""

    def flush(self):
        """Begins what the database would write to its files by and by."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="weir-peer-")
        self.data = Path(self.directory.name) / "data"
        self.data.mkdir()
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(3000):
            try:
                self.get(self.ready_path)
                self.prepare()
                return self
            except OSError:
                time.sleep(0.01)
        raise SystemExit(f"{self.name} does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


class InfluxDB(Database):
    """Debian's InfluxDB 1.6, which syncs its log for each write."""
    name, binary_name, ready_path = "influxdb", "influxd", "/ping"
    config = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
dir = "{data}/meta"
[data]
dir = "{data}/data"
wal-dir = "{data}/wal"
index-version = "tsi1"
wal-fsync-delay = "0s"
query-log-enabled = false
max-series-per-database = 0
max-values-per-tag = 0
[http]
bind-address = "127.0.0.1:{http_port}"
log-enabled = false
[monitor]
store-enabled = false
"""

    def command(self):
        path = Path(self.directory.name) / "influxdb.conf"
        path.write_text(self.config.format(rpc_port=free_port(), data=self.data,
                                           http_port=self.http_port))
        return [self.binary, "-config", str(path)]

    def prepare(self):
        self.get("/query?q=CREATE%20DATABASE%20bench", data=b"")


class VictoriaMetrics(Database):
    """Debian's VictoriaMetrics. It has no log: a power cut loses seconds of what it acknowledged."""
    name, binary_name, ready_path = "victoria-metrics", "victoria-metrics", "/health"

    def command(self):
        return [self.binary, f"-storageDataPath={self.data}",
                f"-httpListenAddr=127.0.0.1:{self.http_port}", "-retentionPeriod=100y",
                "-loggerLevel=ERROR"]

    def flush(self):
        self.get("/internal/force_flush")


BROKERS = (Mosquitto,)
DATABASES = (InfluxDB, VictoriaMetrics)
