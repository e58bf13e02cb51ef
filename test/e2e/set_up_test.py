"""First start: set up from .env, from the container image's names, or by the API; then restart."""
import unittest

from weir_process import WeirTest


class SetUpTest(WeirTest):
    def test_from_env_and_again_after_a_restart(self):
        weir = self.start_weir()
        self.assertEqual(weir.request("GET", "/api/v2/setup").json, {"allowed": False})
        self.assertEqual(weir.api("GET", "/api/v2/me").json["name"], "admin")
        names = [bucket["name"] for bucket in weir.api("GET", "/api/v2/buckets").json["buckets"]]
        self.assertIn("temperature", names)
        weir.stop()
        weir.start()
        self.assertEqual(weir.api("GET", "/api/v2/me").json["name"], "admin")
        cookie = weir.sign_in()
        me = weir.request("GET", "/api/v2/me", headers={"Cookie": cookie})
        self.assertEqual((me.status, me.json["name"]), (200, "admin"))

    def test_from_the_container_images_names(self):
        weir = self.start_weir(env={
            "DOCKER_INFLUXDB_INIT_MODE": "setup", "DOCKER_INFLUXDB_INIT_USERNAME": "root",
            "DOCKER_INFLUXDB_INIT_PASSWORD": "password", "DOCKER_INFLUXDB_INIT_ORG": "o",
            "DOCKER_INFLUXDB_INIT_BUCKET": "b", "DOCKER_INFLUXDB_INIT_RETENTION": "1w",
            "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN": "t0ken"})
        buckets = weir.request("GET", "/api/v2/buckets?name=b", token="t0ken").json["buckets"]
        self.assertEqual(buckets[0]["retentionRules"][0]["everySeconds"], 604800)

    def test_by_the_api_once(self):
        weir = self.start_weir(env={})
        self.assertEqual(weir.request("GET", "/api/v2/setup").json, {"allowed": True})
        document = '{"username":"u","password":"password","org":"o","bucket":"b","token":"mine"}'
        done = weir.request("POST", "/api/v2/setup", document)
        self.assertEqual(done.status, 201, done.text)
        self.assertEqual(done.json["auth"]["token"], "mine")
        again = weir.request("POST", "/api/v2/setup", document)
        self.assertEqual((again.status, again.json["code"]), (422, "conflict"))
        self.assertEqual(weir.request("GET", "/api/v2/me", token="mine").json["name"], "u")

    def test_headers_and_errors_are_influxdbs(self):
        weir = self.start_weir()
        ping = weir.request("GET", "/ping")
        self.assertEqual(ping.status, 204)
        self.assertEqual(ping.headers["X-Influxdb-Build"], "OSS")
        self.assertRegex(ping.headers["X-Influxdb-Version"], r"^v2\.")
        refused = weir.request("GET", "/api/v2/buckets")
        self.assertEqual(refused.status, 401)
        self.assertEqual(refused.headers["X-Platform-Error-Code"], "unauthorized")
        self.assertEqual(refused.json, {"code": "unauthorized", "message": "unauthorized access"})
        self.assertEqual(weir.request("GET", "/api/v2/nowhere").json,
                         {"code": "not found", "message": "path not found"})


if __name__ == "__main__":
    unittest.main()
