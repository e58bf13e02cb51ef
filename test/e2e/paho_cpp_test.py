"""The Paho client for C++: runs paho_cpp_client against the real program, over every transport that
it has and in each protocol version."""
import os
import subprocess
import tempfile
import unittest

from certificates import Certificates
from weir_process import WeirTest

VERSIONS = {"3.1": 3, "3.1.1": 4, "5": 5}


class PahoCppTest(WeirTest):
    def test_every_exchange_over_every_transport(self):
        client = os.environ.get("WEIR_PAHO_CPP_CLIENT", "")
        self.assertTrue(os.path.exists(client),
                        f"no program {client!r}: install libpaho-mqttpp-dev and configure again")
        directory = tempfile.TemporaryDirectory(prefix="weir-certificates-")
        self.addCleanup(directory.cleanup)
        files = Certificates(directory.name)
        weir = self.start_weir(config='[auto]\nmode = "off"\n', arguments=[
            "--mqtt-listen-tls", "127.0.0.1:0", "--mqtt-listen-websocket", "127.0.0.1:0",
            "--mqtt-listen-websocket-tls", "127.0.0.1:0",
            "--mqtt-tls-certificate", files.path("server.crt"),
            "--mqtt-tls-key", files.path("server.key")])
        urls = [f"{scheme}://localhost:" + weir.wait_for_output(rf" {scheme}://127\.0\.0\.1:(\d+)")
                for scheme in ("mqtts", "ws", "wss")]
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
