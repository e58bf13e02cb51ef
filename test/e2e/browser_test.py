"""The web interface in Chromium against the real program; the steps are in web/e2e.

WEIR_SCREENSHOTS names a directory for the pictures (default: a temporary one).
"""
import os
import subprocess
import unittest
from pathlib import Path

from weir_process import WeirTest

WEB = Path(__file__).resolve().parent.parent.parent / "web"


class BrowserTest(WeirTest):
    def test_sign_in_live_and_explore(self):
        weir = self.start_weir(arguments=["--with-sensor"])
        screenshots = os.environ.get("WEIR_SCREENSHOTS", str(weir.path / "screenshots"))
        done = subprocess.run(
            [os.environ.get("WEIR_NODE", "node"), "e2e/ui.mjs", screenshots], cwd=WEB,
            capture_output=True, text=True, timeout=500, check=False,
            env={**os.environ, "WEIR_URL": weir.url, "WEIR_MQTT_PORT": str(weir.mqtt_port),
                 "WEIR_USER": weir.env["INFLUXDB_USERNAME"],
                 "WEIR_PASSWORD": weir.env["INFLUXDB_PASSWORD"]})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
