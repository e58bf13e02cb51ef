#!/usr/bin/env python3
"""Whole-system workloads against the real program: throughput, and CPU seconds per million units.

usage: bench/run.py --build build/release [--runs N] [--peers] [--set KEY=VALUE] [workload...]

CPU seconds (of the server alone, user and system) are the figure to compare: they hold on a noisy
machine. Each run starts a fresh server, and checks its answer: a workload that lost something fails.
With --peers another broker does the MQTT workloads too, and other databases those of line protocol,
run by run in turn with weir. All sync what they acknowledge, but VictoriaMetrics, which has no log.
"""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "e2e"))
import peers  # noqa: E402
import weir_process  # noqa: E402

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
AUTO_OFF = '[auto]\nmode = "off"\n'


def cpu_seconds(weir):
    fields = Path(f"/proc/{weir.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def mebibytes(weir, field):
    for line in Path(f"/proc/{weir.process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0


def peak_mebibytes(weir):
    return mebibytes(weir, "VmHWM")


def disk_bytes(directory):
    """What the files take, reserved space included."""
    total = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile
            total += path.stat().st_blocks * 512
    return total


class Workload:
    """`units` counts what the figures are per; `run` drives a started server and returns it."""
    config = None
    arguments = ()
    units = ""
    peers = ()         # who else can do it
    note = ""          # what else the last run has to say

    def __init__(self, tools):
        self.tools = tools

    def tool(self, name, **options):
        command = [str(self.tools / name)]
        for option, value in options.items():
            command += [f"--{option}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{name} failed: {done.stderr}")
        return json.loads(done.stdout)

    def prepare(self, weir):
        """What comes before the measured part."""

    def run(self, weir):
        """The measured part: (units, seconds)."""
        raise NotImplementedError

    def check(self, weir):
        """Fails if the answer is wrong."""

    def settle(self, server):
        """What is measured once the server rests."""


class LineProtocolWrite(Workload):
    """Monitoring: 4000 hosts with 10 integers each."""
    units = "values"
    peers = peers.DATABASES
    shape, series, steps, late, repeated = "devops", 4000, 90, 0, 0
    still_s, settle_s = 10, 90  # it rests when nothing changes for so long; at most

    def load(self, server):
        if isinstance(server, weir_process.Weir):
            target = f"/api/v2/write?org={server.env['INFLUXDB_ORG']}" \
                     f"&bucket={server.env['INFLUXDB_BUCKET']}&precision=ns"
            token = server.env["INFLUXDB_TOKEN"]
        else:
            target, token = server.write_target, server.token
        return self.tool("line_protocol_load", port=server.http_port, target=target, token=token,
                         shape=self.shape, series=self.series, steps=self.steps, late=self.late,
                         repeated=self.repeated)

    def run(self, weir):
        done = self.load(weir)
        self.values, self.distinct = done["values"], done["distinct"]
        return done["values"], done["seconds"]

    def check(self, weir):
        if not isinstance(weir, weir_process.Weir):
            return
        rows = weir.query('from(bucket: "temperature") |> range(start: 2023-01-01T00:00:00Z, '
                          'stop: 2024-01-01T00:00:00Z) |> count() |> group() |> sum()')
        stored = sum(int(row["_value"]) for row in rows)
        if stored != self.distinct:
            raise SystemExit(f"{stored} values stored of {self.distinct}")

    def settle(self, server):
        is_weir = isinstance(server, weir_process.Weir)
        directory = server.path / "data" if is_weir else server.data
        if not is_weir:
            server.flush()
        begin = changed = time.monotonic()
        size, cpu = disk_bytes(directory), cpu_seconds(server)
        while time.monotonic() - changed < self.still_s and \
                time.monotonic() - begin < self.settle_s:
            time.sleep(0.5)
            now, spent = disk_bytes(directory), cpu_seconds(server)
            if now != size or spent - cpu > 0.1:
                size, cpu, changed = now, spent, time.monotonic()
        self.note = f"{disk_bytes(directory) / self.distinct:.2f} B/value settled, " \
                    f"{cpu_seconds(server) / self.values * 1e6:.3f} CPU s with that"


class LineProtocolWriteIot(LineProtocolWrite):
    """Trucks: two lines a step, of positions and of states."""
    shape, series, steps = "iot", 4000, 60


class LineProtocolWriteSensors(LineProtocolWrite):
    """100 devices, a decimal every 10 s for three days."""
    shape, series, steps = "sensors", 100, 25920


class LineProtocolWriteLate(LineProtocolWriteSensors):
    """The same with 5 % up to an hour late and 1 % twice."""
    late, repeated = 5, 1


class MqttFanIn(Workload):
    units = "messages"
    config = AUTO_OFF
    qos, count, publishers, subscribers = 0, 1_000_000, 50, 1
    peers = peers.BROKERS

    def run(self, weir):
        done = self.tool("mqtt_load", port=weir.mqtt_port, qos=self.qos, count=self.count,
                         publishers=self.publishers, subscribers=self.subscribers)
        wanted = done["sent"] * self.subscribers
        if done["delivered"] != wanted:
            raise SystemExit(f"{done['delivered']} messages delivered of {wanted}")
        return max(done["delivered"], done["sent"]), done["seconds"]


class MqttFanInQos1(MqttFanIn):
    """Publishers that outrun a subscriber fill its queue: the limit is raised, so none is lost."""
    arguments = ("--set", "mqtt.max_queued_messages=1000000",
                 "--set", "mqtt.max_queued_bytes=256MiB")
    qos, count = 1, 500_000


class MqttOneToOne(MqttFanIn):
    publishers, count = 1, 1_000_000


class MqttFanOut(MqttFanIn):
    units = "messages delivered"
    publishers, subscribers, count = 1, 50, 50_000


class MqttRate10k(MqttFanIn):
    """A calm broker: what a message costs and how long it takes when nothing can be batched."""
    publishers, rate, count = 1, 10_000, 100_000

    def run(self, weir):
        done = self.tool("mqtt_load", port=weir.mqtt_port, count=self.count, rate=self.rate,
                         publishers=self.publishers, subscribers=self.subscribers)
        if done["delivered"] != done["sent"] * self.subscribers:
            raise SystemExit(f"{done['delivered']} messages delivered of {done['sent']}")
        self.note = f"p50 {done['p50_ms']:.3f} ms, p99 {done['p99_ms']:.3f} ms"
        return done["delivered"], done["seconds"]


class MqttRate10k50(MqttRate10k):
    """The same from 50 publishers."""
    publishers = 50


class MqttIdle10k(Workload):
    """Clients with a keep-alive of 60 s and one subscription each, doing nothing."""
    units = "clients"
    peers = peers.BROKERS
    config = AUTO_OFF
    clients, burst = 10_000, 500

    @contextlib.contextmanager
    def connected(self, weir):
        tool = subprocess.Popen([str(self.tools / "mqtt_clients"), "--port", str(weir.mqtt_port),
                                 "--clients", str(self.clients), "--burst", str(self.burst)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = tool.stdout.readline()
        if not line:
            raise SystemExit("mqtt_clients failed")
        yield json.loads(line)
        tool.stdin.close()
        tool.wait()

    def run(self, weir):
        before = mebibytes(weir, "VmRSS")
        with self.connected(weir) as done:
            after = mebibytes(weir, "VmRSS")
            if done["clients"] != self.clients:
                raise SystemExit(f"{done['clients']} clients of {self.clients}")
        each = (after - before) * 1024 * 1024 / self.clients
        self.note = f"{before:.0f} MiB before, {after:.0f} MiB with them: {each:.0f} bytes each"
        return self.clients, done["seconds"]


class MqttConnectStorm(MqttIdle10k):
    """All of them at once."""
    clients, burst = 5_000, 5_000


class MqttToStore(Workload):
    """The main job: a number on a topic becomes a stored point."""
    units = "messages"
    config = '[[map]]\ntopic = "bench/{device}"\nmeasurement = "bench"\n' \
             'types = { value = "int" }\n'
    qos, count, topics = 0, 2_000_000, 1000

    def run(self, weir):
        begin = time.monotonic()
        done = self.tool("mqtt_load", port=weir.mqtt_port, qos=self.qos, count=self.count,
                         publishers=50, subscribers=0, topics=self.topics)
        self.sent = done["sent"]
        weir_process.wait_for(lambda: self.points_written(weir) >= self.sent,
                              f"{self.sent} points to be written", 120)
        return done["sent"], time.monotonic() - begin

    @staticmethod
    def points_written(weir):
        for line in weir.request("GET", "/metrics").text.splitlines():
            if line.startswith("weir_ingest_points_written_total "):
                return float(line.split()[1])
        return 0

    def check(self, weir):
        rows = weir.query('from(bucket: "temperature") |> range(start: -1h) |> count() |> group() '
                          '|> sum()')
        stored = sum(int(row["_value"]) for row in rows)
        if stored != self.sent:
            raise SystemExit(f"{stored} points stored of {self.sent} messages")


class MqttToStoreQos1(MqttToStore):
    qos, count = 1, 500_000


class FluxMean(LineProtocolWriteSensors):
    """Hourly means of 100 devices over a day and more, after the write."""
    units = "values scanned"
    peers = ()
    series, steps, repeats = 100, 20_000, 10
    script = 'from(bucket: "temperature") |> range(start: 2023-01-01T00:00:00Z, ' \
             'stop: 2024-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "environment") ' \
             '|> aggregateWindow(every: 1h, fn: mean, createEmpty: false)'

    def prepare(self, weir):
        self.values = self.load(weir)["values"]

    def run(self, weir):
        begin = time.monotonic()
        for _ in range(self.repeats):
            self.rows = weir.query(self.script)
        return self.values * self.repeats, time.monotonic() - begin

    def check(self, weir):
        if len({row["device"] for row in self.rows}) != self.series:
            raise SystemExit("devices are missing in the answer")


class FluxRaw(FluxMean):
    """Every point of one device."""
    units = "rows returned"
    script = 'from(bucket: "temperature") |> range(start: 2023-01-01T00:00:00Z, ' \
             'stop: 2024-01-01T00:00:00Z) |> filter(fn: (r) => r.device == "sensor-7")'

    def run(self, weir):
        _, seconds = super().run(weir)
        return len(self.rows) * self.repeats, seconds

    def check(self, weir):
        if len(self.rows) != self.steps:
            raise SystemExit(f"{len(self.rows)} rows, wanted {self.steps}")


WORKLOADS = {
    "lp_write_devops": LineProtocolWrite,
    "lp_write_iot": LineProtocolWriteIot,
    "lp_write_sensors": LineProtocolWriteSensors,
    "lp_write_late": LineProtocolWriteLate,
    "mqtt_qos0_one_to_one": MqttOneToOne,
    "mqtt_qos0_fanin": MqttFanIn,
    "mqtt_qos0_fanout": MqttFanOut,
    "mqtt_qos1_fanin": MqttFanInQos1,
    "mqtt_rate_10k": MqttRate10k,
    "mqtt_rate_10k_50": MqttRate10k50,
    "mqtt_idle_10k": MqttIdle10k,
    "mqtt_connect_storm": MqttConnectStorm,
    "mqtt_to_store": MqttToStore,
    "mqtt_to_store_qos1": MqttToStoreQos1,
    "flux_mean_1h": FluxMean,
    "flux_raw": FluxRaw,
}


def start(peer, workload, settings):
    if peer is not None:
        return peer()
    arguments = list(workload.arguments)
    for setting in settings:
        arguments += ["--set", setting]
    return weir_process.Weir(config=workload.config, arguments=arguments)


def measure(workload, peer, settings, settles):
    with start(peer, workload, settings) as server:
        workload.prepare(server)
        before = cpu_seconds(server)
        units, seconds = workload.run(server)
        cpu = cpu_seconds(server) - before
        workload.check(server)
        peak = peak_mebibytes(server)
        if settles:
            workload.settle(server)
        return units, seconds, cpu, peak


def report(name, unit, runs, note):
    rates = [units / seconds / 1e6 for units, seconds, _, _ in runs]
    costs = [cpu / units * 1e6 for units, _, cpu, _ in runs]
    print(f"{name:<22}{unit:<20}{statistics.median(rates):>10.3f}"
          f"{statistics.median(costs):>27.3f}{min(costs):>8.3f}{max(costs):>8.3f}"
          f"{max(run[3] for run in runs):>10.0f}  {note}".rstrip(), flush=True)
    return statistics.median(costs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, required=True, help="build directory")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--peers", action="store_true", help="also measure other brokers and databases")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of weir")
    parser.add_argument("workloads", nargs="*", choices=[*WORKLOADS, []], metavar="workload",
                        help=", ".join(WORKLOADS))
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    weir_process.BINARY = str(build / "weir")
    print(f"{'workload':<22}{'units':<20}{'million/s':>10}{'CPU s per million: median':>27}"
          f"{'min':>8}{'max':>8}{'peak MiB':>10}", flush=True)
    for name in arguments.workloads or WORKLOADS:
        servers = [None]
        if arguments.peers:
            servers += WORKLOADS[name].peers
        workloads = [WORKLOADS[name](build) for _ in servers]
        runs = [[] for _ in servers]
        for number in range(arguments.runs):
            is_last = number + 1 == arguments.runs  # it takes minutes, and differs little
            for one, workload, peer in zip(runs, workloads, servers):
                one.append(measure(workload, peer, arguments.set, is_last))
        own = None
        for one, workload, peer in zip(runs, workloads, servers):
            note = workload.note
            if peer is not None and own:
                ratio = statistics.median(run[2] / run[0] * 1e6 for run in one) / own
                note = f"{ratio:.1f} x weir's CPU  {note}"
            cost = report(peer.name if peer else name, workload.units, one, note)
            own = cost if peer is None else own


if __name__ == "__main__":
    main()
