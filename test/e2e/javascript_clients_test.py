"""MQTT.js and @influxdata/influxdb-client: runs javascript_clients.mjs against the real program."""
import os
import subprocess
import unittest
from pathlib import Path

from weir_process import WeirTest

HERE = Path(__file__).resolve().parent


class JavascriptClientsTest(WeirTest):
    def test_javascript_clients(self):
        files = self.make_certificates()
        weir, urls = self.start_weir_with_all_listeners(files)
        urls.append(f"ws://127.0.0.1:{weir.http_port}/mqtt")
        done = subprocess.run(
            [os.environ.get("WEIR_NODE", "node"), "--test", str(HERE / "javascript_clients.mjs")],
            cwd=HERE, capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, **weir.env, "WEIR_URL": weir.url,
                 "WEIR_MQTT_URL": f"mqtt://127.0.0.1:{weir.mqtt_port}",
                 "WEIR_MORE_MQTT_URLS": " ".join(urls),
                 "NODE_EXTRA_CA_CERTS": files.path("ca.crt")})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
