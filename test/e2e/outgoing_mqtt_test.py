"""Queries that publish: experimental/mqtt through weir's own broker, with and without TLS, heard by
mosquitto_sub; and brokers that refuse, or are not to be reached."""
import subprocess
import unittest

from weir_process import DEADLINE_S, WeirTest

ROWS = '''import "array"
import "experimental/mqtt"
array.from(rows: [{_time: 2020-01-01T00:00:00Z, _measurement: "m", host: "a", _value: 1.5}])
'''


class OutgoingMqttTest(WeirTest):
    def start(self, allowed):
        files = self.make_certificates()
        config = (f'[auto]\nmode = "off"\n[query]\nallowed_hosts = {allowed}\n'
                  f'ca_file = "{files.path("ca.crt")}"\n')
        weir = self.start_weir(config=config, arguments=[
            "--mqtt-listen-tls", "127.0.0.1:0", "--mqtt-tls-certificate", files.path("server.crt"),
            "--mqtt-tls-key", files.path("server.key")])
        self.tls_port = weir.wait_for_output(r" mqtts://127\.0\.0\.1:(\d+)")
        return weir

    def flux(self, weir, script):
        return weir.request("POST", "/api/v2/query?org=tutorial", script,
                            {"Content-Type": "application/vnd.flux"}, weir.env["INFLUXDB_TOKEN"])

    def retained(self, weir, topic):
        """As mosquitto_sub gets it; published before, so that nothing waits for a subscription."""
        done = subprocess.run(["mosquitto_sub", "-p", str(weir.mqtt_port), "-t", topic, "-C", "1",
                               "-W", str(DEADLINE_S)], capture_output=True, check=False,
                              timeout=2 * DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_messages_reach_the_broker_with_and_without_tls(self):
        weir = self.start('["localhost"]')
        for scheme, port in (("tcp", weir.mqtt_port), ("tls", self.tls_port), ("mqtts", self.tls_port)):
            for qos in (0, 1, 2):
                arguments = f'broker: "{scheme}://localhost:{port}", qos: {qos}, retain: true, timeout: 1m'
                topic = f"{scheme}/{qos}"
                answer = self.flux(weir, f'''import "array"
import "experimental/mqtt"
array.from(rows: [{{sent: mqtt.publish(topic: "{topic}", message: "hello {topic}", {arguments})}}])''')
                self.assertIn(",true\r\n", answer.text)
                self.assertEqual(self.retained(weir, topic), f"hello {topic}\n")
                answer = self.flux(weir, ROWS + f'|> mqtt.to({arguments}, topic: "to/{topic}", tagColumns: ["host"])')
                self.assertIn(",m,a,1.5\r\n", answer.text)
                self.assertEqual(self.retained(weir, f"to/{topic}"),
                                 "m,host=a _value=1.5 1577836800000000000\n\n")

    def test_a_user_of_weir_by_name_and_password(self):
        weir = self.start('["*"]')
        for password, status in (("correct horse", 200), ("wrong", 422)):
            answer = self.flux(weir, ROWS + f'''|> mqtt.to(broker: "tcp://127.0.0.1:{weir.mqtt_port}",
                topic: "x", username: "admin", password: "{password}", timeout: 1m)''')
            self.assertEqual(answer.status, status, answer.text)

    def test_brokers_that_are_not_to_be_reached(self):
        weir = self.start('["127.0.0.1:1"]')
        for broker, status, said in (
                (f"tcp://127.0.0.1:{weir.mqtt_port}", 403, "query.allowed_hosts does not name it"),
                ("ws://127.0.0.1:1", 400, "broker: wanted"), ("http://127.0.0.1:1", 400, "broker: wanted"),
                ("tcp://127.0.0.1:1", 422, "connection refused")):
            answer = self.flux(weir, ROWS + f'|> mqtt.to(broker: "{broker}", topic: "x", timeout: 1m)')
            self.assertEqual(answer.status, status, answer.text)
            self.assertIn(said, answer.json["message"])


if __name__ == "__main__":
    unittest.main()
