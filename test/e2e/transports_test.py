"""MQTT over TLS, WebSocket, unix sockets and behind a proxy, with the real program and its clients'
own libraries: mosquitto_pub and _sub, paho for Python, Python's own TLS and WebSocket handshakes."""
import os
import signal
import socket
import ssl
import struct
import subprocess
import unittest
import urllib.error
import urllib.request

import paho.mqtt.client as paho

from weir_process import DEADLINE_S, WeirTest, wait_for

CONNECT = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x"  # client identifier "x", 3.1.1
CONNACK = b"\x20\x02\x00\x00"
PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"


def receive_all(connection, size):
    """So many bytes, or what came before the end, which may be a reset."""
    received = b""
    while len(received) < size:
        try:
            piece = connection.recv(size - len(received))
        except ConnectionResetError:
            break
        if not piece:
            break
        received += piece
    return received


def is_refusal(bytes_received):
    """A CONNACK of 3.1.1 that says: bad user name or password, or not authorized."""
    return bytes_received[:3] == b"\x20\x02\x00" and bytes_received[3] in (4, 5)


class TransportsTest(WeirTest):
    def start(self, *arguments, config=None):
        """A server with certificates at hand; `arguments` may use {files} for their directory."""
        self.files = self.make_certificates()
        tls = ["--set", f"mqtt.tls_certificate={self.files.path('server.crt')}",
               "--set", f"mqtt.tls_key={self.files.path('server.key')}"]
        arguments = [one.format(files=self.files.directory) for one in arguments]
        if config is not None:
            config = config.replace("FILES", str(self.files.directory))
        return self.start_weir(config=config, arguments=tls + arguments)

    def port(self, weir, scheme):
        return int(weir.wait_for_output(rf" {scheme}://127\.0\.0\.1:(\d+)"))

    def mosquitto(self, program, port, *arguments):
        address = ["-h", "localhost", "-p", str(port)] if port else []
        return subprocess.run([program, *address, *arguments], capture_output=True, text=True,
                              timeout=DEADLINE_S, check=False)

    def round_trip(self, options_of_subscriber, options_of_publisher, topic):
        """A retained message published one way and fetched another: both have to work."""
        text = f"over {topic}"
        done = self.mosquitto("mosquitto_pub", 0, *options_of_publisher, "-t", topic, "-m", text,
                              "-q", "1", "-r")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.mosquitto("mosquitto_sub", 0, *options_of_subscriber, "-t", topic, "-C", "1",
                              "-W", "30")
        self.assertEqual(done.stdout, text + "\n", done.stderr)

    def client(self, weir, client_id):
        clients = weir.api("GET", "/api/v2/weir/clients").json["clients"]
        return next((one for one in clients if one["clientID"] == client_id), None)

    def test_tls_with_mosquittos_clients(self):
        weir = self.start("--mqtt-listen-tls", "127.0.0.1:0")
        port = self.port(weir, "mqtts")
        encrypted = ["-h", "localhost", "-p", str(port), "--cafile", self.files.path("ca.crt")]
        plain = ["-h", "localhost", "-p", str(weir.mqtt_port)]
        self.round_trip(encrypted, plain, "tls/in")
        self.round_trip(plain, encrypted, "tls/out")
        for version in ("tlsv1.2", "tlsv1.3"):
            done = self.mosquitto("mosquitto_pub", 0, *encrypted, "--tls-version", version,
                                  "-t", "tls/version", "-m", version, "-q", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
        large = "0123456789" * 90_000
        path = weir.path / "large.txt"
        path.write_text(large)
        done = self.mosquitto("mosquitto_pub", 0, *encrypted, "-t", "tls/large", "-f", str(path),
                              "-q", "1", "-r")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.mosquitto("mosquitto_sub", 0, *encrypted, "-t", "tls/large", "-C", "1",
                              "-W", "30")
        self.assertEqual(done.stdout, large + "\n")

    def test_who_the_server_is_not_is_noticed_and_who_speaks_no_tls_is_told(self):
        weir = self.start("--mqtt-listen-tls", "127.0.0.1:0")
        port = self.port(weir, "mqtts")
        self.files.self_signed("other", "another authority")
        done = self.mosquitto("mosquitto_pub", port, "--cafile", self.files.path("other.crt"),
                              "-t", "a", "-m", "1")
        self.assertNotEqual(done.returncode, 0)
        weir.wait_for_output(r"(TLS handshake: \S*\s?alert unknown ca)")
        done = self.mosquitto("mosquitto_pub", port, "-t", "a", "-m", "1")
        self.assertNotEqual(done.returncode, 0)
        weir.wait_for_output(r"(the client speaks MQTT without TLS to a port for TLS)")
        done = self.mosquitto("mosquitto_pub", weir.mqtt_port, "--cafile",
                              self.files.path("ca.crt"), "-t", "a", "-m", "1")
        self.assertNotEqual(done.returncode, 0)
        weir.wait_for_output(r"(a TLS handshake, to a port without TLS)")

    def test_old_versions_of_tls_are_refused(self):
        weir = self.start("--mqtt-listen-tls", "127.0.0.1:0", "--mqtt-tls-min-version", "1.3")
        address = ("127.0.0.1", self.port(weir, "mqtts"))

        def offer(version):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(self.files.path("ca.crt"))
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            with socket.create_connection(address, timeout=DEADLINE_S) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as connection:
                    return connection.version()

        self.assertEqual(offer(ssl.TLSVersion.TLSv1_3), "TLSv1.3")
        for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2):
            with self.assertRaisesRegex(ssl.SSLError, "(?i)protocol.version"):
                offer(version)

    def test_a_clients_certificate_is_its_name(self):
        weir = self.start(
            "--mqtt-listen-tls", "127.0.0.1:0", "--mqtt-tls-client-certificate", "required",
            "--mqtt-tls-client-ca", "{files}/ca.crt", "--mqtt-tls-certificate-as-user", "true",
            "--mqtt-allow-anonymous", "false")
        port = self.port(weir, "mqtts")
        trusting = ["--cafile", self.files.path("ca.crt")]
        self.files.signed("device", "sensor-17", "ca")
        self.files.self_signed("other", "another authority")
        self.files.signed("stranger", "sensor-17", "other")

        client = paho.Client("device", clean_session=True)
        client.tls_set(self.files.path("ca.crt"), self.files.path("device.crt"),
                       self.files.path("device.key"))
        client.connect("localhost", port)
        client.loop_start()
        self.addCleanup(client.loop_stop)
        wait_for(client.is_connected, "paho to be connected")
        info = self.client(weir, "device")
        self.assertEqual((info["user"], info["transport"], info["listener"]),
                         ("sensor-17", "tls", "mqtt.listen_tls"))
        done = client.publish("device/is/heard", "1", qos=1)
        done.wait_for_publish(DEADLINE_S)
        self.assertTrue(done.is_published())
        client.disconnect()

        refused = self.mosquitto("mosquitto_pub", port, *trusting, "-t", "a", "-m", "1")
        self.assertNotEqual(refused.returncode, 0)
        weir.wait_for_output(r"(peer did not return a certificate)")
        refused = self.mosquitto("mosquitto_pub", port, *trusting, "-t", "a", "-m", "1", "--cert",
                                 self.files.path("stranger.crt"), "--key",
                                 self.files.path("stranger.key"))
        self.assertNotEqual(refused.returncode, 0)
        weir.wait_for_output(r"(TLS handshake: certificate verify failed)")

    def served_serial(self, port, name="localhost"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.files.path("ca.crt"))
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as plain:
            with context.wrap_socket(plain, server_hostname=name) as connection:
                return connection.getpeercert()["serialNumber"]

    def test_a_renewed_certificate_serves_while_clients_stay(self):
        weir = self.start("--mqtt-listen-tls", "127.0.0.1:0")
        port = self.port(weir, "mqtts")
        before = self.files.serial("server.crt")
        self.assertEqual(self.served_serial(port), before)
        context = ssl.create_default_context(cafile=self.files.path("ca.crt"))
        plain = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        connected = context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(connected.close)
        connected.sendall(CONNECT)
        self.assertEqual(receive_all(connected, 4), CONNACK)

        # Half a renewal: the key does not fit the certificate.
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        self.files.signed("renewed", "localhost", "ca", names)
        after = self.files.serial("renewed.crt")
        os.replace(self.files.path("renewed.crt"), self.files.path("server.crt"))
        weir.process.send_signal(signal.SIGHUP)
        weir.wait_for_output(r"(tls_key: \S+ does not fit the certificate)")
        self.assertEqual(self.served_serial(port), before)
        # The other half, noticed without a signal.
        os.replace(self.files.path("renewed.key"), self.files.path("server.key"))
        wait_for(lambda: self.served_serial(port) == after, "the new certificate")

        connected.sendall(PINGREQ)
        self.assertEqual(receive_all(connected, 2), PINGRESP)

    def test_each_host_has_its_certificate_and_listeners_have_their_own_limits(self):
        config = """
[mqtt]
max_connections = 50
[[listener]]
name = "factory"
address = "127.0.0.1:0"
transport = "websocket"
tls_certificate = "FILES/server.crt"
tls_key = "FILES/server.key"
[[listener]]
name = "two"
address = "unix:FILES/two.sock"
max_connections = 1
max_qos = 1
max_keep_alive = 30
max_packet_size = 2000
allow_anonymous = false
"""
        weir = self.start("--mqtt-listen-tls", "127.0.0.1:0", config=config)
        self.port(weir, "wss")

        def connect():
            connection = socket.socket(socket.AF_UNIX)
            self.addCleanup(connection.close)
            connection.settimeout(DEADLINE_S)
            connection.connect(self.files.path("two.sock"))
            return connection

        text = lambda value: struct.pack(">H", len(value)) + value
        body = (text(b"MQTT") + b"\x05\xc2\x00\x3c\x00" + text(b"x") +
                text(weir.env["INFLUXDB_USERNAME"].encode()) +
                text(weir.env["INFLUXDB_PASSWORD"].encode()))
        first = connect()
        first.sendall(bytes([0x10, len(body)]) + body)
        connack = receive_all(first, 2)
        connack += receive_all(first, connack[1])
        self.assertEqual(connack[3], 0)
        self.assertIn(b"\x24\x01", connack)              # maximum QoS 1
        self.assertIn(b"\x13\x00\x1e", connack)          # server keep alive 30
        self.assertIn(b"\x27\x00\x00\x07\xd0", connack)  # maximum packet size 2000
        info = self.client(weir, "x")
        self.assertEqual((info["listener"], info["transport"]), ("two", "unix"))
        self.assertEqual(receive_all(connect(), 1), b"")  # one connection is the most
        first.close()

        def refused():
            anonymous = connect()
            anonymous.sendall(CONNECT)
            return is_refusal(receive_all(anonymous, 4))

        wait_for(refused, "the anonymous client to be refused once there is room")
        self.assertRegex(weir.output(), r"at two refused, .* which allow_anonymous of the "
                         r"\[\[listener\]\] at \S*weir\.toml:\d+:1 admits from nobody")
        info = weir.api("GET", "/api/v2/weir/info").json["mqttListeners"]
        self.assertEqual([one["name"] for one in info],
                         ["mqtt.listen", "mqtt.listen_tls", "factory", "two"])

    def test_server_name_indication(self):
        config = """
[[listener]]
address = "127.0.0.1:0"
tls_certificate = "FILES/server.crt"
tls_key = "FILES/server.key"
tls_certificates = [{certificate = "FILES/other.crt", key = "FILES/other.key"}]
"""
        self.files = self.make_certificates()
        self.files.signed("other", "other.example", "ca", "subjectAltName=DNS:other.example")
        weir = self.start_weir(config=config.replace("FILES", str(self.files.directory)))
        port = self.port(weir, "mqtts")
        self.assertEqual(self.served_serial(port, "localhost"), self.files.serial("server.crt"))
        self.assertEqual(self.served_serial(port, "other.example"), self.files.serial("other.crt"))
        self.assertEqual(self.served_serial(port, "third.example"), self.files.serial("server.crt"))

    def talk(self, client, host, port, topic):
        received = []
        client.on_message = lambda _client, _data, message: received.append(message.payload)
        client.on_connect = lambda *_ignored: client.subscribe(topic, 1)
        client.on_subscribe = lambda *_ignored: client.publish(topic, b"x" * 300_000, qos=1)
        client.connect(host, port)
        client.loop_start()
        self.addCleanup(client.loop_stop)
        wait_for(lambda: received, "the message to come back")
        self.assertEqual(received, [b"x" * 300_000])
        client.disconnect()

    def test_websockets_with_paho(self):
        weir = self.start("--mqtt-listen-websocket", "127.0.0.1:0",
                          "--mqtt-listen-websocket-tls", "127.0.0.1:0")
        ways = [("ws", self.port(weir, "ws"), "/any/path"), ("wss", self.port(weir, "wss"), "/"),
                ("ws", weir.http_port, "/mqtt")]
        for number, (transport, port, path) in enumerate(ways):
            for protocol in (paho.MQTTv311, paho.MQTTv5):
                with self.subTest(transport=transport, path=path, protocol=protocol):
                    client = paho.Client(f"ws-{number}-{protocol}", transport="websockets",
                                         protocol=protocol)
                    client.ws_set_options(path=path)
                    if transport == "wss":
                        client.tls_set(self.files.path("ca.crt"))
                    self.talk(client, "localhost", port, f"ws/{number}/{protocol}")

    def handshake(self, port, path, headers):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection:
            lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: Upgrade",
                     "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *headers, "", ""]
            connection.sendall("\r\n".join(lines).encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(1000)
            if b" 101 " not in answer:
                return answer, b""
            frame = bytes([0x82, 0x80 + len(CONNECT), 0, 0, 0, 0]) + CONNECT
            connection.sendall(frame)
            return answer, receive_all(connection, 6)

    def test_websocket_handshakes(self):
        weir = self.start("--mqtt-listen-websocket", "127.0.0.1:0")
        port = self.port(weir, "ws")
        answer, frame = self.handshake(port, "/", ["Sec-WebSocket-Protocol: mqttv3.1"])
        self.assertIn(b"\r\nSec-WebSocket-Protocol: mqttv3.1\r\n", answer)
        self.assertEqual(frame, b"\x82\x04" + CONNACK)
        answer, _ = self.handshake(port, "/", [])
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=DEADLINE_S)
        self.assertEqual(refused.exception.code, 426)
        refused.exception.close()
        # A page of another site is not on this machine, though the browser that shows it is.
        mqtt = "Sec-WebSocket-Protocol: mqtt"
        for port, path in ((port, "/"), (weir.http_port, "/mqtt")):
            _, frame = self.handshake(port, path, [mqtt, "Origin: http://localhost:8086"])
            self.assertEqual(frame[2:], CONNACK)
            _, frame = self.handshake(port, path, [mqtt, "Origin: https://example.org"])
            self.assertTrue(is_refusal(frame[2:]), frame)

    def test_unix_socket(self):
        weir = self.start("--mqtt-listen-unix", "{files}/mqtt.sock")
        path = self.files.path("mqtt.sock")
        weir.wait_for_output(r"(unix:/\S+/mqtt\.sock)")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
        local = ["--unix", path]
        self.round_trip(local, ["-p", str(weir.mqtt_port)], "unix/in")
        self.round_trip(["-p", str(weir.mqtt_port)], local, "unix/out")
        done = subprocess.run(
            [os.path.abspath(os.environ.get("WEIR_BINARY", "build/release/weir")), "sensor", "--url",
             "unix:" + path, "--topic", "unix/sensor", "--count", "1", "--qos", "1"],
            capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("unix/sensor", done.stdout)
        weir.kill()
        weir.start()  # the socket's file is still there, and nobody's
        self.round_trip(local, local, "unix/again")
        weir.stop()
        self.assertFalse(os.path.exists(path))

    def proxied(self, port, header):
        connection = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.addCleanup(connection.close)
        connection.sendall(header + CONNECT)
        return connection

    def test_behind_a_proxy(self):
        weir = self.start("--mqtt-proxy-protocol", "true", "--mqtt-allow-anonymous", "true",
                          "--mqtt-listen-tls", "127.0.0.1:0")
        version_2 = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(">H", 12) +
                     bytes([192, 0, 2, 7, 192, 0, 2, 1]) + struct.pack(">HH", 50000, 1883))
        local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"
        for header, peer in (
                (version_2, "192.0.2.7:50000"),
                (b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 1883\r\n", "[2001:db8::7]:50000"),
                (local, None)):
            connection = self.proxied(weir.mqtt_port, header)
            self.assertEqual(receive_all(connection, 4), CONNACK)
            told = self.client(weir, "x")["peer"]
            self.assertEqual(told, peer or f"127.0.0.1:{connection.getsockname()[1]}")
            connection.close()
        # The header comes before TLS begins.
        plain = socket.create_connection(("127.0.0.1", self.port(weir, "mqtts")),
                                         timeout=DEADLINE_S)
        plain.sendall(version_2)
        context = ssl.create_default_context(cafile=self.files.path("ca.crt"))
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(CONNECT)
            self.assertEqual(receive_all(connection, 4), CONNACK)
            self.assertEqual(self.client(weir, "x")["peer"], "192.0.2.7:50000")

        self.assertEqual(receive_all(self.proxied(weir.mqtt_port, b""), 1), b"")
        weir.wait_for_output(r"(this listener wants a PROXY header: no PROXY header)")

    def test_a_proxied_client_is_not_on_this_machine(self):
        weir = self.start("--mqtt-proxy-protocol", "true")
        for header in (b"PROXY TCP4 192.0.2.7 192.0.2.1 50000 1883\r\n", b"PROXY UNKNOWN\r\n"):
            self.assertTrue(is_refusal(receive_all(self.proxied(weir.mqtt_port, header), 4)))

    def test_http_over_tls(self):
        self.files = self.make_certificates()
        weir = self.start_weir(
            arguments=["--http-tls-certificate", self.files.path("server.crt"),
                       "--http-tls-key", self.files.path("server.key")],
            tls=ssl.create_default_context(cafile=self.files.path("ca.crt")))
        self.assertEqual(weir.request("GET", "/health").status, 200)
        client = paho.Client("over-https", transport="websockets")
        client.tls_set(self.files.path("ca.crt"))
        self.talk(client, "localhost", weir.http_port, "over/https")

    def test_mistakes_are_told_with_the_setting_and_the_remedy(self):
        self.files = self.make_certificates()
        self.files.self_signed("other", "x")
        binary = os.path.abspath(os.environ.get("WEIR_BINARY", "build/release/weir"))

        def check(*settings):
            arguments = [part for one in settings for part in ("--set", one)]
            done = subprocess.run([binary, "check-config", *arguments], cwd=self.files.directory,
                                  capture_output=True, text=True, timeout=DEADLINE_S, check=False)
            return done.returncode, done.stdout + done.stderr

        certificate = f"mqtt.tls_certificate={self.files.path('server.crt')}"
        key = f"mqtt.tls_key={self.files.path('server.key')}"
        listen = "mqtt.listen_tls=127.0.0.1:0"
        for settings, told in (
                ([listen], "mqtt.listen_tls: takes mqtt.tls_certificate and mqtt.tls_key"),
                ([listen, certificate], "mqtt.tls_certificate: goes together with mqtt.tls_key"),
                ([listen, certificate, "mqtt.tls_key=/nowhere/key.pem"],
                 "mqtt.tls_key: cannot read the PEM file: cannot open /nowhere/key.pem"),
                ([listen, certificate, f"mqtt.tls_key={self.files.path('other.key')}"],
                 "does not fit the certificate"),
                (["mqtt.tls_client_certificate=required"], "takes mqtt.tls_client_ca"),
                (["mqtt.listen_websocket=9001"], "mqtt.listen_websocket: listen address: got"),
        ):
            with self.subTest(settings=settings):
                code, output = check(*settings)
                self.assertEqual(code, 1, output)
                self.assertIn(told, output)
        self.files.signed("old", "localhost", "ca", days=-1)
        code, output = check(listen, f"mqtt.tls_certificate={self.files.path('old.crt')}",
                             f"mqtt.tls_key={self.files.path('old.key')}")
        self.assertEqual(code, 0, output)
        self.assertIn("expired on", output)


if __name__ == "__main__":
    unittest.main()
