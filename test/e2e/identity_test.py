"""Users, password files and access lists, with Mosquitto's own tools against the real program."""
import json
import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import paho.mqtt.client as paho

from weir_process import BINARY, WeirTest, wait_for

ACL = """\
# Mosquitto's form
topic read public/#

user alice
topic readwrite home/#
topic deny home/safe/#

user bob
topic read home/+/temperature

pattern write devices/%c/up
pattern readwrite users/%u/#
"""


class IdentityTest(WeirTest):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="weir-identity-")
        self.addCleanup(directory.cleanup)
        self.passwords = Path(directory.name) / "passwords"
        self.acl = Path(directory.name) / "acl"
        self.passwords.touch(mode=0o600)
        self.acl.write_text(ACL)

    def add_user(self, name, password, *options):
        subprocess.run(["mosquitto_passwd", *options, "-b", str(self.passwords), name, password],
                       check=True, capture_output=True, timeout=60)

    def start(self, *settings):
        arguments = [word for setting in settings for word in ("--set", setting)]
        self.weir = self.start_weir(arguments=arguments)
        return self.weir

    def start_with_both(self, *settings):
        self.add_user("alice", "wonder land")
        self.add_user("bob", "builder", "-H", "sha512")
        return self.start(f"mqtt.password_file={self.passwords}", f"mqtt.acl_file={self.acl}",
                          *settings)

    def publish(self, *arguments, user=None, version="mqttv5", port=None):
        account = ["-u", user[0], "-P", user[1]] if user else []
        return subprocess.run(
            ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port or self.weir.mqtt_port),
             "-V", version, *account, *arguments],
            capture_output=True, text=True, timeout=60, check=False)

    def subscriber(self, filter_, user=None, client_id="", port=None):
        """A connected paho client that collects what it is given; and the answer to SUBSCRIBE."""
        client = paho.Client(client_id=client_id, protocol=paho.MQTTv5)
        client.got, client.granted, client.ended = [], [], []
        client.on_message = lambda c, data, message: c.got.append((message.topic, message.payload))
        client.on_subscribe = lambda c, data, mid, codes, properties: c.granted.extend(
            code.value for code in codes)
        client.on_connect = lambda c, data, flags, code, properties: c.subscribe(filter_, qos=1)
        client.on_disconnect = lambda c, data, code, properties=None: c.ended.append(
            getattr(code, "value", code))
        if user:
            client.username_pw_set(*user)
        client.connect("127.0.0.1", port or self.weir.mqtt_port)
        client.loop_start()
        self.addCleanup(client.loop_stop)
        self.addCleanup(client.disconnect)
        wait_for(lambda: client.granted, "SUBACK")
        return client

    def test_mosquittos_password_file_admits_its_users_alone(self):
        self.add_user("alice", "wonder land")
        self.add_user("bob", "builder", "-H", "sha512")
        self.start(f"mqtt.password_file={self.passwords}")
        for user in (("alice", "wonder land"), ("bob", "builder"), ("admin", "correct horse"),
                     ("anybody", "the-tutorials-token")):
            for version in ("mqttv311", "mqttv5"):
                with self.subTest(user=user, version=version):
                    done = self.publish("-t", "a", "-m", "1", "-q", "1", user=user, version=version)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
        for user in (("alice", "wonder"), ("carol", "wonder land"), None):
            with self.subTest(user=user):
                self.assertNotEqual(self.publish("-t", "a", "-m", "1", user=user).returncode, 0)

    def test_local_clients_without_a_name_come_in_if_that_is_said(self):
        self.add_user("alice", "wonder land")
        self.start(f"mqtt.password_file={self.passwords}", "mqtt.allow_anonymous=loopback")
        self.assertEqual(self.publish("-t", "a", "-m", "1").returncode, 0)

    def test_the_access_list_holds_in_both_directions(self):
        self.start_with_both("mqtt.allow_anonymous=true")
        alice, bob = ("alice", "wonder land"), ("bob", "builder")
        hall = self.subscriber("home/#", user=bob)
        self.assertEqual(hall.granted, [1])
        self.assertEqual(self.subscriber("home/safe/#", user=alice).granted, [0x87])
        self.assertEqual(self.subscriber("devices/#").granted, [0x87])
        own = self.subscriber("users/#", user=alice)
        for topic in ("home/safe/code", "home/hall/humidity", "home/hall/temperature",
                      "users/alice/x", "users/bob/x", "public/x"):
            done = self.publish("-t", topic, "-m", "1", "-q", "1", user=alice)
            refused = topic in ("home/safe/code", "users/bob/x", "public/x")
            self.assertEqual("Not authorized" in done.stderr, refused, (topic, done))
        wait_for(lambda: own.got and hall.got, "what was published")
        self.assertEqual(own.got, [("users/alice/x", b"1")])
        self.assertEqual(hall.got, [("home/hall/temperature", b"1")])
        done = self.publish("-t", "devices/me/up", "-i", "me", "-m", "1", "-q", "1")
        self.assertEqual(done.stderr, "")
        done = self.publish("-t", "devices/me/up", "-i", "other", "-m", "1", "-q", "1")
        self.assertIn("Not authorized", done.stderr)

    def test_changed_files_hold_for_clients_that_are_connected(self):
        weir = self.start_with_both()
        bob = self.subscriber("home/#", user=("bob", "builder"))
        alice = self.subscriber("home/#", user=("alice", "wonder land"))
        self.acl.write_text(ACL.replace("topic read home/+/temperature", "topic read home/new"))
        wait_for(lambda: "mqtt.acl_file has been read again" in weir.output(), "the new list")
        def bob_is_given_the_new_topic():
            self.publish("-t", "home/new", "-m", "2", user=("alice", "wonder land"))
            return bob.got
        wait_for(bob_is_given_the_new_topic, "what bob may read now")
        bob.got.clear()
        self.publish("-t", "home/hall/temperature", "-m", "1", user=("alice", "wonder land"))
        self.publish("-t", "home/new", "-m", "end", user=("alice", "wonder land"))
        wait_for(lambda: ("home/new", b"end") in bob.got, "the last message")
        self.assertNotIn(("home/hall/temperature", b"1"), bob.got)
        bob.got.clear()

        self.acl.write_text("topik read #\n")
        weir.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "got `topik`" in weir.output(), "the mistake")
        self.publish("-t", "home/new", "-m", "3", user=("alice", "wonder land"))
        wait_for(lambda: bob.got, "the old list to hold on")

        subprocess.run(["mosquitto_passwd", "-D", str(self.passwords), "alice"], check=True,
                       timeout=60)
        weir.process.send_signal(signal.SIGHUP)
        wait_for(lambda: alice.ended, "alice's end")
        self.assertEqual(bob.ended, [])

    def test_each_listener_may_have_files_of_its_own(self):
        self.add_user("alice", "wonder land")
        own = self.passwords.with_name("passwords-of-the-yard")
        own_acl = self.acl.with_name("acl-of-the-yard")
        own.touch(mode=0o600)
        own_acl.write_text("pattern readwrite yard/#\n")
        subprocess.run(["mosquitto_passwd", "-b", str(own), "carol", "gate"], check=True,
                       capture_output=True, timeout=60)
        weir = self.weir = self.start_weir(config=f"""
[mqtt]
password_file = "{self.passwords}"
acl_file = "{self.acl}"
[[listener]]
name = "yard"
address = "127.0.0.1:0"
password_file = "{own}"
acl_file = "{own_acl}"
[[listener]]
name = "bench"
address = "127.0.0.1:0"
password_file = ""
acl_file = ""
[[listener]]
name = "hall"
address = "127.0.0.1:0"
allow_anonymous = true
""")
        listeners = weir.api("GET", "/api/v2/weir/info").json["mqttListeners"]
        ports = {one["name"]: int(one["url"].rsplit(":", 1)[1]) for one in listeners}
        alice, carol = ("alice", "wonder land"), ("carol", "gate")
        # Who may come in where, and publish what.
        for name, user, topic, outcome in (
                ("mqtt.listen", alice, "home/x", ""), ("mqtt.listen", carol, "home/x", "refused"),
                ("mqtt.listen", alice, "yard/x", "Not authorized"),
                ("mqtt.listen", None, "public/x", "refused"),
                ("yard", carol, "yard/x", ""), ("yard", alice, "yard/x", "refused"),
                ("yard", carol, "home/x", "Not authorized"), ("yard", None, "yard/x", "refused"),
                ("bench", None, "any/x", ""), ("bench", carol, "any/x", "refused"),
                ("hall", alice, "home/x", ""), ("hall", None, "public/x", "Not authorized"),
                ("hall", None, "devices/me/up", "")):
            with self.subTest(listener=name, user=user, topic=topic):
                done = self.publish("-t", topic, "-m", "1", "-q", "1", "-i", "me", user=user,
                                    port=ports[name])
                if outcome == "refused":
                    self.assertNotEqual(done.returncode, 0)
                else:
                    self.assertEqual(done.returncode, 0)
                    self.assertIn(outcome, done.stderr)
                    self.assertEqual("Not authorized" in done.stderr, outcome != "")

        # What changes in a listener's files holds at once for its clients, and for no others.
        inside = self.subscriber("yard/#", user=carol, port=ports["yard"])
        elsewhere = self.subscriber("home/#", user=alice)
        subprocess.run(["mosquitto_passwd", "-b", str(own), "carol", "new gate"], check=True,
                       capture_output=True, timeout=60)
        wait_for(lambda: inside.ended, "the end of who came in with the old password")
        carol = ("carol", "new gate")
        self.assertEqual(
            self.publish("-t", "yard/x", "-m", "1", user=carol, port=ports["yard"]).returncode, 0)
        own_acl.write_text("topik\n")
        weir.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "got `topik`" in weir.output(), "the mistake")
        self.assertIn("listener.acl_file", weir.output())
        own_acl.write_text("pattern readwrite garden/#\n")
        weir.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.publish("-t", "garden/x", "-m", "1", "-q", "1", user=carol,
                                      port=ports["yard"]).stderr == "", "the new list")
        self.assertIn("Not authorized", self.publish("-t", "yard/x", "-m", "1", "-q", "1",
                                                     user=carol, port=ports["yard"]).stderr)
        self.assertEqual(elsewhere.ended, [])

    def test_a_token_that_is_revoked_ends_its_connections(self):
        weir = self.start()
        buckets = weir.api("GET", "/api/v2/buckets?name=temperature").json["buckets"]
        organization = buckets[0]["orgID"]
        made = weir.api("POST", "/api/v2/authorizations", {
            "orgID": organization, "description": "plug", "permissions": [
                {"action": action, "resource": {"type": "buckets", "orgID": organization}}
                for action in ("read", "write")]}).json
        plug = self.subscriber("#", user=("plug", made["token"]))
        other = self.subscriber("#", user=("admin", "the-tutorials-token"))
        weir.api("PATCH", f"/api/v2/authorizations/{made['id']}", {"status": "inactive"})
        wait_for(lambda: plug.ended, "the connection's end")
        self.assertEqual(other.ended, [])
        self.assertNotEqual(
            self.publish("-t", "a", "-m", "1", user=("plug", made["token"])).returncode, 0)

    def test_a_changed_password_ends_the_connections_of_the_old_one(self):
        weir = self.start()
        me = weir.api("GET", "/api/v2/users").json["users"][0]["id"]
        old = self.subscriber("#", user=("admin", "correct horse"))
        by_token = self.subscriber("#", user=("admin", "the-tutorials-token"))
        weir.api("POST", f"/api/v2/users/{me}/password", {"password": "battery staple"})
        wait_for(lambda: old.ended, "the connection's end")
        self.assertEqual(by_token.ended, [])
        self.assertNotEqual(
            self.publish("-t", "a", "-m", "1", user=("admin", "correct horse")).returncode, 0)
        self.assertEqual(
            self.publish("-t", "a", "-m", "1", user=("admin", "battery staple")).returncode, 0)

    def test_guessing_passwords_takes_longer_and_longer(self):
        weir = self.start_with_both()
        for _ in range(12):
            self.assertNotEqual(
                self.publish("-t", "a", "-m", "1", user=("alice", "guess")).returncode, 0)
        self.assertIn("fails to log in again and again", weir.output())
        metrics = weir.request("GET", "/metrics").text
        self.assertRegex(metrics, r"weir_mqtt_logins_failed_total [1-9]")
        # The machine itself is shut out for a moment only.
        wait_for(lambda: self.publish("-t", "users/alice/x", "-m", "1",
                                      user=("alice", "wonder land")).returncode == 0,
                 "alice to be let in again")

    def test_mistakes_in_the_files_keep_the_program_from_starting(self):
        self.acl.write_text("user\ntopic raed a\n")
        self.passwords.write_text("alice:plain text\n")
        for setting, file, told in (("mqtt.acl_file", self.acl, [":1: `user`", ":2: got `raed`"]),
                                    ("mqtt.password_file", self.passwords, ["mosquitto_passwd -U"]),
                                    ("mqtt.acl_file", "/no/such/file", ["/no/such/file"])):
            for command in ("check-config", "run"):
                with self.subTest(setting=setting, file=file, command=command):
                    done = subprocess.run(
                        [os.path.abspath(BINARY), command, "--set", f"{setting}={file}",
                         "--set", f"data_dir={self.acl.parent}/data"],
                        capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual(done.returncode, 1)
                    for part in (setting, *told):
                        self.assertIn(part, done.stderr)
                    self.assertNotIn("plain text", done.stderr)
                    self.assertFalse((self.acl.parent / "data").exists())
        done = subprocess.run(
            [os.path.abspath(BINARY), "check-config", "--set", f"mqtt.acl_file={self.acl}",
             "--set", f"mqtt.password_file={self.passwords}", "--set", "mqtt.max_qos=3",
             "--set", "http.tls_certificate=/no/such", "--set", "http.tls_key=/no/such"],
            capture_output=True, text=True, timeout=60, check=False)
        for part in ("--set: mqtt.max_qos: got `3`", "mosquitto_passwd -U", ":2: got `raed`",
                     "/no/such"):
            self.assertIn(part, done.stderr)

    def test_limits_given_with_set_are_told_to_clients(self):
        self.start("mqtt.max_qos=1", "mqtt.retain_available=false", "mqtt.topic_alias_max=3",
                   "mqtt.max_packet_size=2000", "mqtt.max_inflight=7", "mqtt.max_keep_alive=33")
        told = {}
        client = paho.Client(protocol=paho.MQTTv5)
        client.on_connect = lambda c, data, flags, code, properties: told.update(properties.json())
        client.connect("127.0.0.1", self.weir.mqtt_port, keepalive=100)
        client.loop_start()
        self.addCleanup(client.loop_stop)
        wait_for(lambda: told, "CONNACK")
        client.disconnect()
        for name, value in (("MaximumQoS", 1), ("RetainAvailable", 0), ("TopicAliasMaximum", 3),
                            ("MaximumPacketSize", 2000), ("ReceiveMaximum", 7),
                            ("ServerKeepAlive", 33)):
            self.assertEqual(told.get(name), value, json.dumps(told))


if __name__ == "__main__":
    unittest.main()
