"""Other brokers for the tests, each as a process on free ports with a directory of its own.

None needs a service manager; nothing of theirs is left running. `kill()` is a kill -9, `stop()` a
SIGTERM, `start()` after either begins again with what the directory holds.
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from weir_process import wait_for

RABBITMQ = "/usr/sbin/rabbitmq-server"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def require(*programs):
    for program in programs:
        if shutil.which(program) is None and not Path(program).exists():
            raise unittest.SkipTest(f"{program} is not installed")


class BrokerProcess:
    """One external broker; `port` takes MQTT 3.1.1 over TCP once start() has returned."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="weir-broker-")
        self.path = Path(self.directory.name)
        self.path.chmod(0o755)
        self.port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def start(self):
        self.begin()
        return self.wait()

    def begin(self):
        self.log = open(self.path / "output.txt", "a")
        self.process = subprocess.Popen(self.command(), cwd=self.path, stdout=self.log,
                                        stderr=subprocess.STDOUT, env=self.environment(),
                                        start_new_session=True)

    def wait(self):
        wait_for(self.is_ready, f"{type(self).__name__} to take connections", 120)
        return self

    def is_ready(self):
        """Takes a CONNECT: a port may be open long before that."""
        if self.process.poll() is not None:
            raise AssertionError(f"it ended: {self.output()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                probe.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05probe")
                answered = probe.recv(4) == b"\x20\x02\x00\x00"
                probe.sendall(b"\xe0\x00")
                return answered
        except OSError:
            return False

    def output(self):
        return (self.path / "output.txt").read_text(errors="replace")

    def end(self, number):
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, number)
        try:
            self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            # What it had not written by then is no longer its promise, or weir's.
            raise AssertionError(f"{type(self).__name__} has not ended: {self.output()}") from None
        finally:
            self.log.close()

    def kill(self):
        self.end(signal.SIGKILL)

    def stop(self):
        self.end(signal.SIGTERM)

    def close(self):
        self.kill()
        self.directory.cleanup()


class Mosquitto(BrokerProcess):
    """Saves sessions and their queues on SIGUSR1 and SIGTERM; `more` is added to its configuration."""

    def __init__(self, more=""):
        require("mosquitto")
        super().__init__()
        self.more = more

    def command(self):
        (self.path / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {self.path}/\nautosave_interval 1\nmax_queued_messages 0\n"
            f"user root\n{self.more}")
        return ["mosquitto", "-c", "mosquitto.conf"]

    def save(self):
        """What it has acknowledged until now is on disk once this returns."""
        path = self.path / "mosquitto.db"
        before = path.stat().st_mtime_ns if path.exists() else 0
        self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: path.exists() and path.stat().st_mtime_ns != before, "the save")


class Nats(BrokerProcess):
    """MQTT 3.1.1 over JetStream's file store."""

    def __init__(self):
        require("nats-server")
        super().__init__()
        self.own_port = free_port()

    def command(self):
        (self.path / "nats.conf").write_text(
            f'host: 127.0.0.1\nport: {self.own_port}\nserver_name: weir-test\n'
            f'jetstream {{ store_dir: "{self.path}/store" }}\n'
            f'mqtt {{ host: 127.0.0.1, port: {self.port}, ack_wait: "2s", max_ack_pending: 1000 }}\n')
        return [shutil.which("nats-server") or "/usr/sbin/nats-server", "-c", "nats.conf"]


class RabbitMq(BrokerProcess):
    """The MQTT plugin (3.1.1); a durable queue for each session. Erlang's port mapper is its own."""

    def __init__(self):
        require(RABBITMQ)
        super().__init__()
        self.amqp_port, self.distribution_port, self.mapper_port = (free_port() for _ in range(3))

    def environment(self):
        return {**os.environ, "HOME": str(self.path), "RABBITMQ_NODENAME": "weir-test@localhost",
                "RABBITMQ_MNESIA_BASE": str(self.path / "data"),
                "RABBITMQ_LOG_BASE": str(self.path / "log"), "RABBITMQ_LOGS": "-",
                "RABBITMQ_CONFIG_FILE": str(self.path / "rabbitmq"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.path / "enabled_plugins"),
                "RABBITMQ_PID_FILE": str(self.path / "pid"),
                "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
                "RABBITMQ_DIST_PORT": str(self.distribution_port),
                "ERL_EPMD_PORT": str(self.mapper_port), "ERL_EPMD_ADDRESS": "127.0.0.1"}

    def command(self):
        (self.path / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self.amqp_port}\n"
            f"mqtt.listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "mqtt.allow_anonymous = true\nmqtt.subscription_ttl = 86400000\n"
            # Quorum queues are not used; their log would be laid out on disk at 512 MiB.
            "raft.wal_max_size_bytes = 1000000\n")
        (self.path / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
        # The script of the package wants to be the user rabbitmq; the one beneath it does not.
        scripts = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
        return [str(scripts[-1] / "rabbitmq-server")]

    def close(self):
        self.kill()

        # It is a daemon of its own, and stays until it has seen that its node is gone.
        def mapper_is_gone():
            command = subprocess.run(["epmd", "-kill"], env=self.environment(), text=True,
                                     capture_output=True, timeout=30, check=False)
            return "Killed" in command.stdout or "Cannot connect" in command.stdout + command.stderr
        wait_for(mapper_is_gone, "the port mapper to end")
        super().close()
