"""kill -9 in a loop under HTTP and MQTT QoS 1 load that writes, overwrites and deletes: what was
acknowledged is there afterwards, and what was deleted is not.

WEIR_CRASH_ROUNDS sets the number of rounds (5).
"""
import datetime
import os
import random
import threading
import time
import unittest

import paho.mqtt.client as mqtt

from weir_process import WeirTest, wait_for

ROUNDS = int(os.environ.get("WEIR_CRASH_ROUNDS", "5"))
CONFIG = '[[map]]\ntopic = "readings/{device}"\nmeasurement = "mqtt"\ntypes = { value = "int" }\n' \
         'fields = ["value"]\ntime = "ts"\n'
START_S = 1_700_000_000


class Operation:
    """Gives one point a value; None deletes it."""

    def __init__(self, value):
        self.value, self.is_acknowledged = value, False


class History:
    """What each point of one series, named by its number, may hold: what the last acknowledged
    operation gave it, or one that was under way after it."""

    def __init__(self):
        self.operations = {}
        self.acknowledged = 0

    def begin(self, number, value):
        operation = Operation(value)
        self.operations.setdefault(number, []).append(operation)
        return operation

    def acknowledge(self, operations):
        for operation in operations:
            operation.is_acknowledged = True
        self.acknowledged += 1

    def numbers(self):
        return list(self.operations)

    def possible(self, number):
        values = [None]
        for operation in self.operations[number]:
            if operation.is_acknowledged:
                values.clear()
            values.append(operation.value)
        return values

    def settle(self, found):
        """Compares with the values found, by number, and goes on from them. Returns the faults."""
        faults = [f"{number}: {found.get(number)}, not {self.possible(number)}"
                  for number in self.operations if found.get(number) not in self.possible(number)]
        faults += [f"{number}: {found[number]}, never written"
                   for number in found if number not in self.operations]
        self.operations = {}
        for number, value in found.items():
            self.begin(number, value).is_acknowledged = True
        return faults


class HttpWriter(threading.Thread):
    """Writes, overwrites and deletes points of its own series until the server is gone."""

    def __init__(self, weir, series, history):
        super().__init__()
        self.weir, self.series, self.history = weir, series, history

    def run(self):
        values = iter(range(random.randrange(1 << 40), 1 << 60))
        numbers = self.history.numbers()
        next_number = max(numbers, default=0) + 1
        while True:
            chance = random.random()
            if chance < 0.2 and numbers:
                first = random.choice(numbers)
                last = first + random.randrange(20)
                operations = [self.history.begin(number, None) for number in numbers
                              if first <= number <= last]
                request = self.delete, first, last
            else:
                if chance < 0.5 and numbers:  # a number again, which may have been deleted
                    chosen = random.sample(numbers, min(len(numbers), random.randint(1, 20)))
                else:
                    chosen = range(next_number, next_number + random.randint(1, 20))
                    next_number += len(chosen)
                    numbers.extend(chosen)
                points = {number: next(values) for number in chosen}
                operations = [self.history.begin(*point) for point in points.items()]
                request = self.write, points
            try:
                answer = request[0](*request[1:])
            except OSError:
                return
            if answer.status == 204:
                self.history.acknowledge(operations)

    def write(self, points):
        return self.weir.write("\n".join(
            f"http,series={self.series} value={value}i {START_S * 1_000_000_000 + number}"
            for number, value in points.items()))

    def delete(self, first, last):
        day = datetime.datetime.fromtimestamp(START_S, datetime.timezone.utc)
        start, stop = (f"{day:%Y-%m-%dT%H:%M:%S}.{number:09d}Z" for number in (first, last))
        return self.weir.api("POST", "/api/v2/delete?org={}&bucket={}".format(
            self.weir.env["INFLUXDB_ORG"], self.weir.env["INFLUXDB_BUCKET"]),
            {"start": start, "stop": stop,
             "predicate": f'_measurement="http" AND series="{self.series}"'})


class MqttWriter:
    """Publishes readings with QoS 1, one in four for a point that it has published before."""

    def __init__(self, weir, history):
        self.history, self.operations, self.acknowledged_ids = history, {}, []
        self.stopped = threading.Event()
        self.client = mqtt.Client(client_id="crash-writer")
        self.client.max_inflight_messages_set(20)
        # Only appends: paho holds locks of its own while it calls this.
        self.client.on_publish = lambda _client, _data, mid: self.acknowledged_ids.append(mid)
        self.client.connect("127.0.0.1", weir.mqtt_port)
        self.client.loop_start()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        value = random.randrange(1 << 40)
        next_number = max(self.history.numbers(), default=0) + 1
        while not self.stopped.is_set():
            if len(self.operations) - len(self.acknowledged_ids) >= 20:
                time.sleep(0.001)
                continue
            value += 1
            number = next_number
            if next_number > 1 and random.random() < 0.25:
                number = random.randrange(1, next_number)
            else:
                next_number += 1
            operation = self.history.begin(number, value)
            payload = f'{{"value":{value},"ts":{START_S * 1_000_000_000 + number}}}'
            sent = self.client.publish("readings/d", payload, qos=1)
            self.operations[sent.mid] = operation

    def stop(self):
        self.stopped.set()
        self.thread.join()
        self.client.loop_stop()
        for message_id in self.acknowledged_ids:
            if message_id in self.operations:
                self.history.acknowledge([self.operations[message_id]])


def stored_values(weir, measurement):
    """By series, then by number."""
    rows = weir.query('import "date"\nfrom(bucket: "temperature") '
                      '|> range(start: 2023-11-01T00:00:00Z) '
                      f'|> filter(fn: (r) => r._measurement == "{measurement}") '
                      '|> map(fn: (r) => ({r with number: date.nanosecond(t: r._time)}))')
    found = {}
    for row in rows:
        series = row.get("series") or row["device"]
        found.setdefault(series, {})[int(row["number"])] = int(row["_value"])
    return found


class CrashTest(WeirTest):
    def test_acknowledged_operations_survive_kill_9(self):
        weir = self.start_weir(config=CONFIG)
        http = {f"s{number}": History() for number in range(3)}
        readings = {"d": History()}
        for round_number in range(ROUNDS):
            writers = [HttpWriter(weir, series, history) for series, history in http.items()]
            for writer in writers:
                writer.start()
            publisher = MqttWriter(weir, readings["d"])
            requests, messages = random.randint(5, 80), random.randint(20, 400)
            so_far = {series: history.acknowledged for series, history in http.items()}
            wait_for(lambda: all(history.acknowledged - so_far[series] >= requests
                                 for series, history in http.items())
                     and len(publisher.acknowledged_ids) >= messages,
                     f"{requests} requests and {messages} messages in round {round_number}")
            weir.kill()
            publisher.stop()
            for writer in writers:
                writer.join()
            weir.start()
            for measurement, histories in (("http", http), ("mqtt", readings)):
                found = stored_values(weir, measurement)
                for series, history in histories.items():
                    faults = history.settle(found.get(series, {}))
                    self.assertEqual(faults, [], f"{measurement} {series}, round {round_number}")
            if round_number % 5 == 4:  # also sealed by a clean stop
                weir.stop()
                weir.start()
        print(f"{ROUNDS} rounds, {sum(history.acknowledged for history in http.values())} requests "
              f"and {readings['d'].acknowledged} messages acknowledged, nothing lost or back again")


if __name__ == "__main__":
    unittest.main()
