"""The tutorial: a sensor that publishes, a consumer that writes points, and the points come back."""
import threading
import time
import unittest
import urllib.request

import faker
import paho.mqtt.client as mqtt

from weir_process import Weir, WeirTest, wait_for

LAST_MINUTE = 'from(bucket: "temperature") |> range(start: -1m)'


def run_sensor(port, count, interval_s):
    """The tutorial's smart sensor."""
    fake = faker.Faker()
    client = mqtt.Client()
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = []
    for _ in range(count):
        value = fake.random_int(0, 30)
        client.publish("temperature", value).wait_for_publish()
        sent.append(value)
        time.sleep(interval_s)
    client.loop_stop()
    client.disconnect()
    return sent


class Consumer:
    """The tutorial's consumer: subscribes, and writes each reading as a point over HTTP."""

    def __init__(self, weir: Weir):
        self.weir, self.failures, self.ready = weir, [], threading.Event()
        self.client = mqtt.Client()
        self.client.on_connect = lambda client, *_: client.subscribe("temperature")
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self.on_message
        self.client.connect("127.0.0.1", weir.mqtt_port)
        self.client.loop_start()

    def on_message(self, _client, _data, message):
        value = int(message.payload.decode("utf-8"))
        line = f"temperature,location=New\\ York temperature={value}i {time.time_ns()}"
        environment = self.weir.env
        request = urllib.request.Request(
            f"{self.weir.url}/api/v2/write?org={environment['INFLUXDB_ORG']}"
            f"&bucket={environment['INFLUXDB_BUCKET']}&precision=ns",
            data=line.encode(), method="POST",
            headers={"Authorization": f"Token {environment['INFLUXDB_TOKEN']}"})
        try:
            urllib.request.urlopen(request).close()
        except OSError as failure:
            self.failures.append(failure)

    def stop(self):
        self.client.loop_stop()
        self.client.disconnect()


class TutorialTest(WeirTest):
    def test_sensor_and_consumer(self):
        # Automatic mapping stores the readings too, as a series of its own.
        weir = self.start_weir()
        consumer = Consumer(weir)
        self.assertTrue(consumer.ready.wait(30))
        sent = run_sensor(weir.mqtt_port, 20, 0.02)
        own = LAST_MINUTE + ' |> filter(fn: (r) => r.location == "New York")'
        rows = wait_for(lambda: (rows := weir.query(own)) and len(rows) == 20 and rows,
                        "20 points")
        consumer.stop()
        self.assertEqual(consumer.failures, [])
        self.assertEqual([float(row["_value"]) for row in rows], sent)

    def test_sensor_and_consumer_without_automatic_mapping(self):
        weir = self.start_weir(config='[auto]\nmode = "off"\n')
        consumer = Consumer(weir)
        self.assertTrue(consumer.ready.wait(30))
        sent = run_sensor(weir.mqtt_port, 20, 0.02)
        rows = wait_for(lambda: (rows := weir.query(LAST_MINUTE)) and len(rows) == 20 and rows,
                        "20 points")
        consumer.stop()
        self.assertEqual(consumer.failures, [])
        self.assertEqual([int(row["_value"]) for row in rows], sent)
        self.assertEqual({row["location"] for row in rows}, {"New York"})
        self.assertEqual({row["_measurement"] for row in rows}, {"temperature"})
        self.assertEqual({row["_field"] for row in rows}, {"temperature"})

    def test_no_consumer_but_three_lines_of_mapping(self):
        weir = self.start_weir(config='[[map]]\ntopic = "temperature"\n'
                                      'tags = { location = "New York" }\n'
                                      'types = { temperature = "int" }\n')
        sent = run_sensor(weir.mqtt_port, 20, 0.02)
        rows = wait_for(lambda: (rows := weir.query(LAST_MINUTE)) and len(rows) == 20 and rows,
                        "20 points")
        self.assertEqual([int(row["_value"]) for row in rows], sent)
        self.assertEqual({row["location"] for row in rows}, {"New York"})

    def test_no_rule_at_all(self):
        weir = self.start_weir()
        sent = run_sensor(weir.mqtt_port, 5, 0.02)
        rows = wait_for(lambda: (rows := weir.query(LAST_MINUTE)) and len(rows) == 5 and rows,
                        "5 points")
        self.assertEqual([float(row["_value"]) for row in rows], sent)
        self.assertEqual({row["topic"] for row in rows}, {"temperature"})


if __name__ == "__main__":
    unittest.main()
