"""The Paho client for C++: runs paho_cpp_client against the real program, over every transport that
it has and in each protocol version."""
import os
import subprocess
import unittest

from weir_process import WeirTest

VERSIONS = {"3.1": 3, "3.1.1": 4, "5": 5}


class PahoCppTest(WeirTest):
    def test_every_exchange_over_every_transport(self):
        client = os.environ.get("WEIR_PAHO_CPP_CLIENT", "")
        self.assertTrue(os.path.exists(client),
                        f"no program {client!r}: install libpaho-mqttpp-dev and configure again")
        files = self.make_certificates()
        weir, urls = self.start_weir_with_all_listeners(files)
        urls.append(f"mqtt://127.0.0.1:{weir.mqtt_port}")
        runs = []
        for url in urls:
            for name, version in VERSIONS.items():
                command = [client, url, str(version)]
                if url.startswith(("mqtts", "wss")):
                    command.append(files.path("ca.crt"))
                # All at once: the client spends most of its time waiting for itself.
                runs.append((url, name, subprocess.Popen(
                    command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)))
        for url, name, run in runs:
            with self.subTest(url=url, version=name):
                output, _ = run.communicate(timeout=300)
                self.assertEqual(run.returncode, 0, output)


if __name__ == "__main__":
    unittest.main()
