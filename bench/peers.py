"""Other brokers, to measure beside weir in the same run with the same load."""
import shutil
import socket
import subprocess
import tempfile
import time
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


PEERS = (Mosquitto,)
