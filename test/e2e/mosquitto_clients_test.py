"""mosquitto_pub and mosquitto_sub, every protocol version, against the real program."""
import subprocess
import unittest

from weir_process import WeirTest, wait_for


class MosquittoClientsTest(WeirTest):
    def setUp(self):
        self.weir = self.start_weir()

    def command(self, program, version, *arguments):
        return [program, "-h", "127.0.0.1", "-p", str(self.weir.mqtt_port), "-V", version,
                *arguments]

    def publish(self, version, *arguments):
        subprocess.run(self.command("mosquitto_pub", version, *arguments), check=True, timeout=60)

    def subscribe(self, version, *arguments):
        """A running subscriber that has its SUBACK; its output comes line by line."""
        process = subprocess.Popen(
            ["stdbuf", "-oL", *self.command("mosquitto_sub", version, "-d", *arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stdout:
            if "SUBACK" in line or "Subscribed (mid" in line:
                return process
        raise AssertionError("mosquitto_sub ended before it was subscribed")

    def messages(self, process, count):
        found = []
        for line in process.stdout:
            if not line.startswith(("Client ", "Subscribed")):
                found.append(line.rstrip("\n"))
                if len(found) == count:
                    return found
        raise AssertionError(f"the subscriber ended after {found}")

    def test_quality_of_service_and_wildcards(self):
        for version in ("mqttv31", "mqttv311", "mqttv5"):
            for qos in ("0", "1", "2"):
                with self.subTest(version=version, qos=qos):
                    subscriber = self.subscribe(version, "-t", f"home/{qos}/+/temperature",
                                                "-t", f"deep/{qos}/#", "-q", qos, "-v")
                    self.publish(version, "-t", f"home/{qos}/hall/temperature", "-m", "20.5",
                                 "-q", qos)
                    self.publish(version, "-t", f"home/{qos}/hall/humidity", "-m", "1", "-q", qos)
                    self.publish(version, "-t", f"deep/{qos}/a/b", "-m", "2", "-q", qos)
                    self.assertEqual(self.messages(subscriber, 2),
                                     [f"home/{qos}/hall/temperature 20.5", f"deep/{qos}/a/b 2"])

    def test_retained_message_is_kept_and_cleared(self):
        for version in ("mqttv311", "mqttv5"):
            with self.subTest(version=version):
                self.publish(version, "-t", "state/door", "-m", "open", "-r", "-q", "1")
                subscriber = self.subscribe(version, "-t", "state/#", "-v")
                self.assertEqual(self.messages(subscriber, 1), ["state/door open"])
                self.publish(version, "-t", "state/door", "-n", "-r", "-q", "1")
                late = self.subscribe(version, "-t", "state/#", "-t", "marker", "-v")
                self.publish(version, "-t", "marker", "-m", "only this")
                self.assertEqual(self.messages(late, 1), ["marker only this"])

    def test_large_payload_crosses_unchanged(self):
        subscriber = self.subscribe("mqttv5", "-t", "large", "-q", "1")
        payload = "0123456789" * 50_000
        path = self.weir.path / "payload.txt"
        path.write_text(payload)
        self.publish("mqttv5", "-t", "large", "-f", str(path), "-q", "1")
        self.assertEqual(self.messages(subscriber, 1), [payload])

    def test_waiting_messages_of_quality_of_service_2_come_once(self):
        for version in ("mqttv31", "mqttv311", "mqttv5"):
            with self.subTest(version=version):
                keeping = ["-i", f"sleeper-{version}", "-c", "-q", "2", "-t", f"sleep/{version}"]
                if version == "mqttv5":
                    keeping += ["-x", "600"]
                self.subscribe(version, *keeping).kill()
                for number in ("1", "2", "3"):
                    self.publish(version, "-t", f"sleep/{version}", "-m", number, "-q", "2")
                awake = subprocess.Popen(
                    ["stdbuf", "-oL", *self.command("mosquitto_sub", version, *keeping)],
                    stdout=subprocess.PIPE, text=True)
                self.addCleanup(awake.stdout.close)
                self.addCleanup(awake.wait)
                self.addCleanup(awake.kill)
                self.assertEqual(self.messages(awake, 3), ["1", "2", "3"])

    def test_lowered_maximum_quality_of_service_is_refused_not_lost_silently(self):
        self.weir = self.start_weir(arguments=["--set", "mqtt.max_qos=1"])
        for version, words in (("mqttv5", "Message QoS not supported on broker"),
                               ("mqttv311", "The connection was lost")):
            with self.subTest(version=version):
                done = subprocess.run(
                    self.command("mosquitto_pub", version, "-t", "a", "-m", "1", "-q", "2"),
                    capture_output=True, text=True, timeout=60, check=False)
                self.assertIn(words, done.stderr)

    def test_messages_become_points(self):
        self.publish("mqttv5", "-t", "garden/soil", "-m", '{"moisture":31.5,"ph":6.8}', "-q", "1")
        rows = wait_for(lambda: self.weir.query('from(bucket: "temperature") |> range(start: -1m)'),
                        "points")
        self.assertEqual({(row["_measurement"], row["_field"], row["_value"]) for row in rows},
                         {("garden", "moisture", "31.5"), ("garden", "ph", "6.8")})


if __name__ == "__main__":
    unittest.main()
