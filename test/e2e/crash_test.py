"""kill -9 in a loop under HTTP and MQTT QoS 1 load: what was acknowledged is there afterwards.

WEIR_CRASH_ROUNDS sets the number of rounds (5).
"""
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


class HttpWriter(threading.Thread):
    """Writes numbered points, a few to a request; remembers what was answered with 204."""

    def __init__(self, weir, first):
        super().__init__()
        self.weir, self.next, self.acknowledged = weir, first, []

    def run(self):
        while True:
            numbers = range(self.next, self.next + random.randint(1, 20))
            lines = "\n".join(f"http,writer=w{n % 3} value={n}i {1_700_000_000_000_000_000 + n}"
                              for n in numbers)
            self.next += len(numbers)
            try:
                answer = self.weir.write(lines)
            except OSError:
                return
            if answer.status == 204:
                self.acknowledged.extend(numbers)


class MqttWriter:
    """Publishes numbered readings with QoS 1; remembers what was acknowledged."""

    def __init__(self, weir, first):
        self.next, self.numbers, self.acknowledged_ids = first, {}, []
        self.stopped = threading.Event()
        self.client = mqtt.Client(client_id="crash-writer")
        self.client.max_inflight_messages_set(20)
        # Only appends: paho holds locks of its own while it calls this.
        self.client.on_publish = lambda _client, _data, mid: self.acknowledged_ids.append(mid)
        self.client.connect("127.0.0.1", weir.mqtt_port)
        self.client.loop_start()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    @property
    def acknowledged(self):
        return [self.numbers[mid] for mid in list(self.acknowledged_ids) if mid in self.numbers]

    def run(self):
        while not self.stopped.is_set():
            if len(self.numbers) - len(self.acknowledged_ids) >= 20:
                time.sleep(0.001)
                continue
            number = self.next
            self.next += 1
            payload = f'{{"value":{number},"ts":{1_700_000_000_000_000_000 + number}}}'
            sent = self.client.publish(f"readings/d{number % 3}", payload, qos=1)
            self.numbers[sent.mid] = number

    def stop(self):
        self.stopped.set()
        self.thread.join()
        self.client.loop_stop()


def stored_numbers(weir, measurement):
    rows = weir.query('from(bucket: "temperature") |> range(start: 2023-11-01T00:00:00Z) '
                      f'|> filter(fn: (r) => r._measurement == "{measurement}") '
                      '|> keep(columns: ["_time", "_value"])')
    return {int(row["_value"]) for row in rows}


class CrashTest(WeirTest):
    def test_acknowledged_points_survive_kill_9(self):
        weir = self.start_weir(config=CONFIG)
        acknowledged_http, acknowledged_mqtt = set(), set()
        next_http = next_mqtt = 1
        for round_number in range(ROUNDS):
            http_writer = HttpWriter(weir, next_http)
            http_writer.start()
            mqtt_writer = MqttWriter(weir, next_mqtt)
            goal = random.randint(20, 400)
            wait_for(lambda: len(http_writer.acknowledged) >= goal
                     and len(mqtt_writer.acknowledged) >= goal,
                     f"{goal} acknowledgements each, in round {round_number}")
            weir.kill()
            mqtt_writer.stop()
            http_writer.join()
            acknowledged_http.update(http_writer.acknowledged)
            acknowledged_mqtt.update(mqtt_writer.acknowledged)
            next_http, next_mqtt = http_writer.next, mqtt_writer.next
            weir.start()
            for name, acknowledged in (("http", acknowledged_http), ("mqtt", acknowledged_mqtt)):
                lost = acknowledged - stored_numbers(weir, name)
                self.assertEqual(lost, set(), f"{name}: {len(lost)} acknowledged points lost "
                                              f"in round {round_number}")
        print(f"{ROUNDS} rounds, {len(acknowledged_http)} points over HTTP and "
              f"{len(acknowledged_mqtt)} over MQTT acknowledged, none lost")


if __name__ == "__main__":
    unittest.main()
