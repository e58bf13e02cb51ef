"""kill -9 in a loop under QoS 1 and 2 load: what the broker said it has reaches a kept session.

Publishers and the subscriber are paho clients that keep their own half of each exchange. Nothing acknowledged is lost, nothing of QoS 2 comes twice, each topic keeps its
order, and a retained topic is never older than what was acknowledged for it.
WEIR_CRASH_ROUNDS sets the number of rounds (3).
"""
import os
import random
import threading
import unittest

import paho.mqtt.client as mqtt

from weir_process import WeirTest, wait_for

ROUNDS = int(os.environ.get("WEIR_CRASH_ROUNDS", "3"))
UNDER_WAY = 40  # of one publisher, not acknowledged
CONFIG = "[mqtt]\nmax_queued_messages = 1000000\nmax_queued_bytes = \"256MiB\"\n"


class Client(threading.Thread):
    """A kept session and its connection, made anew whenever weir is there.

    Nobody tries while it is not: paho forgets a PUBREC when a reconnect fails.
    """

    def __init__(self, weir, weir_is_up, name):
        super().__init__()
        self.weir_is_up, self.ending = weir_is_up, threading.Event()
        self.client = mqtt.Client(client_id=name, clean_session=False)
        # More than are ever under way: beyond it a PUBREC is forgotten too.
        self.client.max_inflight_messages_set(10 * UNDER_WAY)
        self.client.connect("127.0.0.1", weir.mqtt_port)

    def run(self):
        while not self.ending.is_set():
            self.work()
            if self.client.loop(timeout=0.02) != mqtt.MQTT_ERR_SUCCESS:
                self.weir_is_up.wait()
                if not self.ending.is_set():
                    self.client.reconnect()

    def work(self):
        """What to do before looking at the connection again."""

    def close(self):
        self.ending.set()
        self.weir_is_up.set()
        self.join()
        self.client.disconnect()


class Publisher(Client):
    """Publishes 0, 1, 2, ... on one topic until told to stop; counts what is acknowledged."""

    def __init__(self, weir, weir_is_up, topic, qos, retain=False):
        super().__init__(weir, weir_is_up, "publisher-of-" + topic.replace("/", "-"))
        self.topic, self.qos, self.retain = topic, qos, retain
        self.published = self.acknowledged = 0
        self.stopped = False
        self.client.on_publish = self.on_publish
        self.start()

    def on_publish(self, _client, _data, _mid):
        self.acknowledged += 1  # in the order of publishing

    def work(self):
        if not self.client.is_connected():
            return  # or it would overtake what is sent again
        while not self.stopped and self.published - self.acknowledged < UNDER_WAY:
            self.client.publish(self.topic, str(self.published), self.qos, self.retain)
            self.published += 1

    def finish(self):
        self.stopped = True
        wait_for(lambda: self.acknowledged == self.published,
                 f"{self.topic}: {self.acknowledged} of {self.published} acknowledged")


class Subscriber(Client):
    """`received` has the numbers of each topic in the order they came."""

    def __init__(self, weir, weir_is_up, topic):
        super().__init__(weir, weir_is_up, "subscriber")
        self.received = {}
        self.subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self.on_message
        self.client.on_connect = lambda *_: self.client.subscribe(topic, 2)
        self.start()
        if not self.subscribed.wait(60):
            raise AssertionError("the subscriber has no SUBACK")
        self.client.on_connect = None

    def on_message(self, _client, _data, message):
        self.received.setdefault(message.topic, []).append(int(message.payload))


def retained(weir, topic):
    """The retained number of a topic, -1 if there is none."""
    found, answered = [], threading.Event()
    client = mqtt.Client(client_id="")
    client.on_message = lambda _client, _data, message: found.append(int(message.payload))
    client.on_connect = lambda *_: client.subscribe([(topic, 1), ("$SYS/broker/version", 0)])
    client.message_callback_add("$SYS/broker/version", lambda *_: answered.set())
    client.connect("127.0.0.1", weir.mqtt_port)
    client.loop_start()
    wait_for(answered.is_set, "the retained messages")
    client.disconnect()
    client.loop_stop()
    return found[0] if found else -1


class BrokerCrashTest(WeirTest):
    def test_kept_sessions_and_retained_messages_survive_kill_9(self):
        weir = self.start_weir(config=CONFIG)
        weir_is_up = threading.Event()
        weir_is_up.set()
        subscriber = Subscriber(weir, weir_is_up, "count/#")
        self.addCleanup(subscriber.close)
        publishers = [Publisher(weir, weir_is_up, topic, qos, topic == "state/door")
                      for topic, qos in (("count/one", 1), ("count/two", 2), ("count/too", 2),
                                         ("state/door", 1))]
        for publisher in publishers:
            self.addCleanup(publisher.close)
        door = publishers[3]
        for round_number in range(ROUNDS):
            goals = [publisher.acknowledged + random.randint(20, 600) for publisher in publishers]
            wait_for(lambda: all(publisher.acknowledged >= goal
                                 for publisher, goal in zip(publishers, goals)),
                     f"acknowledgements in round {round_number}")
            acknowledged = door.acknowledged
            weir_is_up.clear()
            weir.kill()
            weir.start()
            weir_is_up.set()
            self.assertGreaterEqual(retained(weir, "state/door"), acknowledged - 1,
                                    f"the retained message is old in round {round_number}")
        for publisher in publishers:
            publisher.finish()
        for publisher in publishers[:3]:
            topic = publisher.topic
            wait_for(lambda: subscriber.received.get(topic, [-1])[-1] == publisher.published - 1,
                     f"the last message of {topic}")
            numbers = subscriber.received[topic]
            self.assertEqual(sorted(set(numbers)), list(range(publisher.published)),
                             f"{topic}: messages were lost")
            first_seen = list(dict.fromkeys(numbers))
            for before, after in zip(first_seen, first_seen[1:]):
                self.assertLess(before, after, f"{topic}: the order changed")
            if publisher.qos == 2:
                self.assertEqual(len(numbers), len(set(numbers)), f"{topic}: messages came twice")
        self.assertEqual(retained(weir, "state/door"), door.published - 1)
        counts = ", ".join(f"{publisher.topic} {publisher.published}" for publisher in publishers)
        twice = len(subscriber.received["count/one"]) - publishers[0].published
        print(f"{ROUNDS} rounds: {counts}; {twice} of QoS 1 came twice")


if __name__ == "__main__":
    unittest.main()
