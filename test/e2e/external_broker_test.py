"""weir as the client of real brokers: Mosquitto, RabbitMQ and NATS as [broker] url, and bridges.

What is shown of losing nothing: every QoS 1 message that a publisher has had acknowledged is in
weir's store in the end, although weir is killed (SIGKILL) under load, and the broker too as far as
it keeps its word: NATS does. RabbitMQ 3.10, killed, now and then forgets which exchange its durable
queues are bound to (one run in thirty), and Mosquitto writes its sessions only now and then: these
two are stopped with SIGTERM under load, Mosquitto also killed after it was told to save.
"""
import threading
import time
import unittest

import paho.mqtt.client as paho

from broker_processes import Mosquitto, Nats, RabbitMq, free_port
from weir_process import WeirTest, wait_for

RULE = ('[[map]]\ntopic = "readings/{device}"\nmeasurement = "mqtt"\ntypes = { value = "int" }\n'
        'fields = ["value"]\ntime = "ts"\n')
# What waits for a side that is away is bounded; the load of seconds is more than the default.
QUEUE = ["--set", "mqtt.max_queued_messages=100000"]
BASE_NS = 1_700_000_000_000_000_000


def stored_numbers(weir):
    rows = weir.query('from(bucket: "temperature") |> range(start: 2023-11-01T00:00:00Z) '
                      '|> filter(fn: (r) => r._measurement == "mqtt") '
                      '|> keep(columns: ["_time", "_value"])')
    return {int(row["_value"]) for row in rows}


class Load:
    """Publishes numbered readings with QoS 1 without pause, over lost connections too."""
    IN_FLIGHT = 50

    def __init__(self, port, client_id="load", prefix=""):
        self.numbers, self.acknowledged_ids, self.prefix = {}, [], prefix
        self.stopped = threading.Event()
        self.client = paho.Client(client_id=client_id, clean_session=False)
        self.client.max_inflight_messages_set(self.IN_FLIGHT)
        self.client.reconnect_delay_set(1, 1)
        # Only appends: paho holds locks of its own while it calls this.
        self.client.on_publish = lambda _client, _data, mid: self.acknowledged_ids.append(mid)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        number = 0
        while not self.stopped.is_set():
            if len(self.numbers) - len(self.acknowledged_ids) >= self.IN_FLIGHT:
                time.sleep(0.001)
                continue
            number += 1
            sent = self.client.publish(f"{self.prefix}readings/d{number % 3}",
                                       f'{{"value":{number},"ts":{BASE_NS + number}}}', qos=1)
            self.numbers[sent.mid] = number

    def more(self, count):
        """Waits for so many more acknowledgements."""
        goal = len(self.acknowledged_ids) + count
        try:
            wait_for(lambda: len(self.acknowledged_ids) >= goal, f"{goal} acknowledgements", 120)
        except AssertionError as late:
            raise AssertionError(f"{late}: {len(self.acknowledged_ids)} of {len(self.numbers)}, "
                                 f"connected: {self.client.is_connected()}") from None

    def finish(self):
        """All that was sent is acknowledged."""
        self.stopped.set()
        self.thread.join()
        wait_for(lambda: len(self.acknowledged_ids) >= len(self.numbers), "the last ones", 120)
        self.client.disconnect()
        self.client.loop_stop()
        return set(self.numbers.values())

    def close(self):
        self.stopped.set()
        self.thread.join()
        self.client.loop_stop()


class BrokersTest(WeirTest):
    def start_broker(self, broker):
        self.addCleanup(broker.close)
        return broker.start()

    def start_consumer(self, url, *settings, **options):
        arguments = ["--set", f"broker.url={url}", "--set", "broker.topics=readings/#"]
        for setting in settings:
            arguments += ["--set", setting]
        weir = self.start_weir(config=RULE, arguments=arguments, has_broker=False, **options)
        self.wait_for_connection(weir)
        return weir

    def status(self, weir, name="broker"):
        brokers = weir.api("GET", "/api/v2/weir/brokers").json["brokers"]
        return next(one for one in brokers if one["name"] == name)

    def wait_for_connection(self, weir, name="broker"):
        return wait_for(lambda: self.status(weir, name)["subscribed"], f"{name} to be subscribed")

    def start_load(self, port, **options):
        load = Load(port, **options)
        self.addCleanup(load.close)
        return load

    def check_stored(self, weir, numbers):
        try:
            # A broker that starts slowly has made weir wait for a minute between its attempts.
            wait_for(lambda: numbers <= stored_numbers(weir), "points to be stored", 180)
        except AssertionError as late:
            missing = sorted(numbers - stored_numbers(weir))
            raise AssertionError(f"{late}: {len(missing)} of {len(numbers)}, the first "
                                 f"{missing[:20]}; {self.status(weir)}") from None

    def client(self, port, client_id, protocol=paho.MQTTv5):
        client = paho.Client(client_id=client_id, protocol=protocol)
        client.received = []
        client.on_message = lambda _client, _data, message: client.received.append(
            (message.topic, message.payload.decode(), bool(message.retain)))
        client.connect("127.0.0.1", port)
        client.loop_start()
        self.addCleanup(client.loop_stop)
        self.addCleanup(client.disconnect)
        return client

    def subscriber(self, port, client_id, *filters, **options):
        client = self.client(port, client_id, **options)
        done = threading.Event()
        client.on_subscribe = lambda *_: done.set()
        client.subscribe([(one, 1) for one in filters] if options else
                         [(one, paho.SubscribeOptions(qos=1)) for one in filters])
        self.assertTrue(done.wait(30))
        return client

    def publish(self, client, topic, payload, retain=False):
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)


class MosquittoTest(BrokersTest):
    def test_no_acknowledged_message_is_lost_when_weir_is_killed_and_mosquitto_restarts(self):
        broker = self.start_broker(Mosquitto())
        weir = self.start_consumer(f"mqtt://127.0.0.1:{broker.port}")
        self.assertEqual(self.status(weir)["protocolVersion"], 5)
        load = self.start_load(broker.port)
        load.more(200)
        weir.kill()
        load.more(200)
        weir.start()
        load.more(200)
        broker.stop()
        broker.start()
        load.more(200)
        self.check_stored(weir, load.finish())

    def test_what_mosquitto_has_saved_survives_its_kill_while_weir_is_away(self):
        broker = self.start_broker(Mosquitto())
        weir = self.start_consumer(f"mqtt://127.0.0.1:{broker.port}")
        weir.stop()
        load = self.start_load(broker.port)
        load.more(300)
        numbers = load.finish()
        broker.save()
        broker.kill()
        broker.start()
        weir.start()
        self.check_stored(weir, numbers)
        self.assertIn("session resumed", weir.output())

    def test_tls_with_an_authority_of_ones_own_and_a_certificate_of_weirs(self):
        files = self.make_certificates()
        files.signed("weir", "weir itself", "ca")
        tls_port = free_port()
        broker = self.start_broker(Mosquitto(
            f"listener {tls_port} 127.0.0.1\ncafile {files.path('ca.crt')}\n"
            f"certfile {files.path('server.crt')}\nkeyfile {files.path('server.key')}\n"
            "require_certificate true\n"))
        url = f"mqtts://localhost:{tls_port}"
        stranger = self.start_weir(config=RULE, has_broker=False,
                                   arguments=["--set", f"broker.url={url}"])
        error = wait_for(lambda: self.status(stranger)["lastError"], "the refusal")
        self.assertIn("not trusted", error)
        self.assertIn("in broker.ca_file", error)
        weir = self.start_consumer(url, f"broker.ca_file={files.path('ca.crt')}",
                                   f"broker.certificate_file={files.path('weir.crt')}",
                                   f"broker.key_file={files.path('weir.key')}")
        load = self.start_load(broker.port)
        load.more(20)
        self.check_stored(weir, load.finish())

    def test_websocket_and_mqtt_3_1_1_and_a_shared_subscription(self):
        port = free_port()
        broker = self.start_broker(Mosquitto(f"listener {port} 127.0.0.1\nprotocol websockets\n"))
        weir = self.start_consumer(f"ws://127.0.0.1:{port}/mqtt", "broker.version=4",
                                   "broker.topics=$share/weir/readings/#", "broker.qos=2")
        self.assertEqual(self.status(weir)["protocolVersion"], 4)
        load = self.start_load(broker.port)
        load.more(50)
        self.check_stored(weir, load.finish())

    def test_a_refusal_is_told_with_what_to_do_and_own_listeners_are_closed(self):
        broker = self.start_broker(Mosquitto())
        (broker.path / "passwords").write_text("")
        broker.stop()
        broker.more = f"password_file {broker.path}/passwords\n"
        broker.begin()
        wait_for(lambda: "running" in broker.output(), "Mosquitto")
        weir = self.start_weir(
            has_broker=False,
            arguments=["--set", f"broker.url=mqtt://u:wrong@127.0.0.1:{broker.port}"])
        error = wait_for(lambda: self.status(weir)["lastError"], "the refusal")
        self.assertIn("check user and password", error)
        self.assertNotIn("MQTT broker", weir.output())
        self.assertNotIn("wrong", weir.output())

    def test_a_port_for_something_else_is_asked_about(self):
        files = self.make_certificates()
        tls_port = free_port()
        broker = self.start_broker(Mosquitto(
            f"listener {tls_port} 127.0.0.1\ncertfile {files.path('server.crt')}\n"
            f"keyfile {files.path('server.key')}\n"))
        tls, plain = "does the server speak TLS at that port?", "does its port want TLS"
        for url, told in ((f"mqtts://localhost:{broker.port}", tls),
                          (f"wss://localhost:{broker.port}/mqtt", tls),
                          (f"ws://localhost:{broker.port}/mqtt",
                           "does the server speak WebSocket at that port?"),
                          (f"mqtt://localhost:{tls_port}", plain)):
            with self.subTest(url.partition("localhost")[0]):
                weir = self.start_weir(config=RULE, has_broker=False,
                                       arguments=["--set", f"broker.url={url}"])
                error = wait_for(lambda: self.status(weir)["lastError"], "the failure")
                self.assertIn(told, error)
                weir.stop()

    def test_retained_copies_are_not_stored_again_with_a_new_time(self):
        broker = self.start_broker(Mosquitto())
        client = self.client(broker.port, "p")
        self.publish(client, "room/temperature", "20.5", retain=True)
        weir = self.start_weir(has_broker=False, arguments=[
            "--set", f"broker.url=mqtt://127.0.0.1:{broker.port}", "--set", "broker.clean=true"])
        self.wait_for_connection(weir)
        wait_for(lambda: self.status(weir)["messagesIn"] == 1, "the retained copy")
        self.publish(client, "room/temperature", "21.5", retain=True)
        script = 'from(bucket: "temperature") |> range(start: -1h)'
        wait_for(lambda: weir.query(script), "the live value")
        connects = self.status(weir)["connects"]
        broker.stop()
        broker.start()
        wait_for(lambda: self.status(weir)["connects"] > connects, "the next connection")
        wait_for(lambda: self.status(weir)["messagesIn"] == 3, "the retained copy again")
        self.assertEqual([row["_value"] for row in weir.query(script)], ["21.5"])


class NatsTest(BrokersTest):
    def test_no_acknowledged_message_is_lost_when_weir_and_nats_are_killed(self):
        broker = self.start_broker(Nats())
        weir = self.start_consumer(f"mqtt://127.0.0.1:{broker.port}")
        self.assertEqual(self.status(weir)["protocolVersion"], 4)
        load = self.start_load(broker.port)
        load.more(200)
        weir.kill()
        load.more(200)
        broker.kill()
        broker.start()
        load.more(200)
        weir.start()
        load.more(200)
        broker.kill()
        broker.start()
        load.more(200)
        self.check_stored(weir, load.finish())


class RabbitMqTest(BrokersTest):
    def test_no_acknowledged_message_is_lost_when_weir_is_killed_and_rabbitmq_restarted(self):
        broker = rabbitmq.wait()
        weir = self.start_consumer(f"mqtt://127.0.0.1:{broker.port}")
        self.assertEqual(self.status(weir)["protocolVersion"], 4)
        load = self.start_load(broker.port)
        load.more(200)
        weir.kill()
        load.more(200)
        broker.stop()
        broker.begin()
        weir.start()
        broker.wait()
        load.more(200)
        self.check_stored(weir, load.finish())


def bridge_config(port, *topics, name="b", more=""):
    lines = ", ".join(f"'{topic}'" for topic in topics)
    return (f'{RULE}[[bridge]]\nname = "{name}"\nurl = "mqtt://127.0.0.1:{port}"\n'
            f'topics = [{lines}]\n{more}')


class BridgeTest(BrokersTest):
    def start_bridged(self, port, *topics, more=""):
        weir = self.start_weir(config=bridge_config(port, *topics, more=more), arguments=QUEUE)
        self.wait_for_connection(weir, "bridge b")
        return weir

    def check_topics(self, far_port, near_port, protocol):
        """A bridge with out, in and both lines, a prefix on each: what passes, once, and what not."""
        far = self.subscriber(far_port, "far", "#", protocol=protocol)
        near = self.subscriber(near_port, "near", "#")
        for topic in ("up/1", "down/1", "both/1", "other/1"):
            self.publish(near, topic, "near")
        for topic in ("site/up/1", "site/down/1", "site/both/1", "site/other/1"):
            self.publish(far, topic, "far")
        self.publish(near, "up/last", "kept", retain=True)
        self.publish(far, "site/down/last", "kept", retain=True)
        self.publish(near, "both/end", "near")
        self.publish(far, "site/both/end", "far")
        at_far = [("site/up/1", "near"), ("site/both/1", "near"), ("site/up/last", "kept"),
                  ("site/both/end", "near")]
        at_near = [("down/1", "far"), ("both/1", "far"), ("down/last", "kept"),
                   ("both/end", "far")]

        def copies(client, own):
            return [(topic, payload) for topic, payload, _ in client.received
                    if (topic, payload) not in own]
        own_far = [(f"site/{topic}/1", "far") for topic in ("up", "down", "both", "other")] + [
            ("site/down/last", "kept"), ("site/both/end", "far")]
        own_near = [(f"{topic}/1", "near") for topic in ("up", "down", "both", "other")] + [
            ("up/last", "kept"), ("both/end", "near")]
        wait_for(lambda: set(at_far) <= set(copies(far, own_far)), "the copies there")
        wait_for(lambda: set(at_near) <= set(copies(near, own_near)), "the copies here")
        # A round more of each side: whatever was on its way has come by now.
        self.publish(near, "both/after", "near")
        self.publish(far, "site/both/after", "far")
        wait_for(lambda: ("site/both/after", "near", False) in far.received, "the last copy there")
        wait_for(lambda: ("both/after", "far", False) in near.received, "the last copy here")
        self.assertEqual(sorted(copies(far, own_far + [("site/both/after", "far")])),
                         sorted(at_far + [("site/both/after", "near")]))
        self.assertEqual(sorted(copies(near, own_near + [("both/after", "near")])),
                         sorted(at_near + [("both/after", "far")]))
        for port, topic in ((far_port, "site/up/last"), (near_port, "down/last")):
            late = self.subscriber(port, f"late{port}", topic, protocol=protocol)
            wait_for(lambda: (topic, "kept", True) in late.received, f"{topic} to be retained")

    LINES = ('out up/# 1 "" site/', 'in down/# 1 "" site/', 'topic both/# both 1 "" site/')

    def test_two_weirs_copy_what_the_lines_say_and_nothing_twice(self):
        far = self.start_weir()
        near = self.start_bridged(far.mqtt_port, *self.LINES)
        self.check_topics(far.mqtt_port, near.mqtt_port, paho.MQTTv5)

    def test_weir_and_mosquitto_copy_what_the_lines_say_in_both_versions(self):
        for version in (5, 4):
            with self.subTest(version=version):
                far = self.start_broker(Mosquitto())
                near = self.start_bridged(far.port, *self.LINES, more=f"version = {version}\n")
                self.check_topics(far.port, near.mqtt_port, paho.MQTTv311)

    def test_mosquitto_bridges_to_weir(self):
        weir = self.start_weir()
        near = self.start_broker(Mosquitto(
            f"connection c\naddress 127.0.0.1:{weir.mqtt_port}\n"
            "topic up/# out 1 \"\" site/\ntopic down/# in 1 \"\" site/\n"
            "topic both/# both 1 \"\" site/\n"))
        log = self.subscriber(near.port, "log", "$SYS/broker/connection/#")
        wait_for(lambda: any(payload == "1" for _, payload, _ in log.received), "the bridge")
        self.check_topics(weir.mqtt_port, near.port, paho.MQTTv311)

    def test_no_acknowledged_message_is_lost_when_the_far_side_is_killed(self):
        far = self.start_weir(config=RULE, arguments=QUEUE)
        near = self.start_bridged(far.mqtt_port, "out readings/# 1")
        load = self.start_load(near.mqtt_port)
        load.more(200)
        far.kill()
        load.more(200)
        far.start()
        load.more(200)
        numbers = load.finish()
        self.check_stored(near, numbers)
        self.check_stored(far, numbers)

    def test_no_acknowledged_message_is_lost_when_the_near_side_is_killed(self):
        far = self.start_weir(config=RULE, arguments=QUEUE)
        near = self.start_bridged(far.mqtt_port, "in readings/# 1")
        load = self.start_load(far.mqtt_port)
        load.more(200)
        near.kill()
        load.more(200)
        near.start()
        load.more(200)
        self.check_stored(near, load.finish())

    def test_what_waits_to_go_out_survives_a_kill_and_goes_with_its_bridge(self):
        far = self.start_weir(config=RULE, arguments=QUEUE)
        near = self.start_bridged(far.mqtt_port, "out readings/# 1")
        load = self.start_load(near.mqtt_port)
        load.more(100)
        far.stop()
        load.more(300)
        near.kill()
        near.start()
        load.more(100)
        numbers = load.finish()
        far.start()
        self.check_stored(far, numbers)
        self.assertEqual([one["clientID"][:9] for one in self.bridge_sessions(near)], ["bridge-b-"])
        near.stop()
        (near.path / "weir.toml").write_text(RULE)
        near.start()
        wait_for(lambda: not self.bridge_sessions(near), "the session of the bridge to end")

    def bridge_sessions(self, weir):
        clients = weir.api("GET", "/api/v2/weir/clients").json["clients"]
        return [one for one in clients if one["clientID"].startswith("bridge-")]

    def test_the_state_of_the_connection_is_a_retained_topic(self):
        far = self.start_broker(Mosquitto())
        near = self.start_bridged(far.port, "out readings/# 1",
                                  more='remote_status_topic = "bridges/NAME/state"\n')
        there = self.subscriber(far.port, "there", "bridges/#")
        here = self.subscriber(near.mqtt_port, "here", "$SYS/broker/connection/#")
        wait_for(lambda: ("bridges/b/state", "1", True) in there.received, "the state there")
        wait_for(lambda: ("$SYS/broker/connection/b/state", "1", True) in here.received,
                 "the state here")
        far.stop()
        wait_for(lambda: ("$SYS/broker/connection/b/state", "0", False) in here.received,
                 "the loss to be told here")
        far.start()
        wait_for(lambda: here.received[-1][1] == "1", "the return to be told here")
        near.kill()
        wait_for(lambda: ("bridges/b/state", "0", False) in there.received, "the will there")


# It takes as long to start as all other tests together: it does so beside them.
rabbitmq = None


def setUpModule():
    global rabbitmq
    rabbitmq = RabbitMq()
    rabbitmq.begin()


def tearDownModule():
    rabbitmq.close()


if __name__ == "__main__":
    unittest.main()
