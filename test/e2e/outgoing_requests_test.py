"""Queries that send requests, against real HTTP and HTTPS servers: http.post, http/requests, slack;
what the configuration allows, redirects, certificates, time-outs and a client that leaves."""
import http.server
import json
import re
import socket
import ssl
import tempfile
import threading
import unittest

from certificates import Certificates
from weir_process import Weir, WeirTest, wait_for


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.path.startswith("/to?"):
            self.reply(307, b"", Location=self.path[4:])
        elif self.path.startswith("/hang"):
            self.server.released.wait(60)
        elif self.path.startswith("/drip"):
            self.send_response(200)
            self.end_headers()
            try:
                while not self.server.released.wait(0.02):
                    self.wfile.write(b"x")
            except OSError:
                pass
            self.close_connection = True
        elif self.path.startswith("/large"):
            self.reply(200, b"x" * (101 * 1024 * 1024))
        else:
            self.reply(200, json.dumps({"path": self.path, "got": body.decode()}).encode())

    do_GET = do_POST = do_PUT = answer

    def reply(self, status, body, **headers):
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # weir has had enough

    def log_message(self, *arguments):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # handshakes that weir breaks off


def serve(test, context=None):
    server = Quiet(("127.0.0.1", 0), Recorder)
    server.seen, server.released = [], threading.Event()
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    test.addCleanup(server.released.set)
    return server


def port_of(server):
    return server.server_address[1]


class OutgoingRequestsTest(WeirTest):
    def setUp(self):
        super().setUp()
        self.directory = tempfile.TemporaryDirectory(prefix="weir-e2e-")
        self.addCleanup(self.directory.cleanup)
        self.certificates = Certificates(self.directory.name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.path("server.crt"),
                                self.certificates.path("server.key"))
        self.http, self.https = serve(self), serve(self, context)

    def start(self, allowed, *arguments, ca=True):
        config = f'[query]\nallowed_hosts = {json.dumps(allowed)}\n'
        if ca:
            config += f'ca_file = "{self.certificates.path("ca.crt")}"\n'
        return self.start_weir(config=config, arguments=arguments)

    def flux(self, weir, script):
        return weir.request("POST", "/api/v2/query?org=tutorial", script.encode(), {
            "Content-Type": "application/vnd.flux"}, weir.env["INFLUXDB_TOKEN"])

    def get(self, weir, url, config="timeout: 0s, insecureSkipVerify: false"):
        return self.flux(weir, 'import "http/requests"\n'
                         f'requests.peek(response: requests.get(url: "{url}", config: {{{config}}}))')

    def test_requests_over_http_and_https_arrive_and_bring_answers(self):
        weir = self.start(["127.0.0.1", "localhost"])
        for scheme, server in (("http", self.http), ("https", self.https)):
            url = f"{scheme}://localhost:{port_of(server)}"
            answer = self.flux(weir, f'''
import "array"
import "http"
import "http/requests"
import "json"
import "slack"
array.from(rows: [
    {{status: http.post(url: "{url}/post", headers: {{"X-A": "b"}}, data: json.encode(v: {{n: 1}}))}},
    {{status: slack.message(url: "{url}/slack", token: "t", channel: "c", text: "x", color: "good")}},
    {{status: requests.do(method: "PUT", url: "{url}/put", params: ["q": ["a b"]]).statusCode}},
])''')
            self.assertEqual(answer.status, 200, answer.text)
            self.assertEqual(answer.text.count(",200\r\n"), 3, answer.text)
            posted, slack, put = server.seen
            self.assertEqual(posted[:2] + posted[3:], ("POST", "/post", b'{"n":1}'))
            self.assertEqual(posted[2]["X-A"], "b")
            self.assertEqual(slack[2]["Authorization"], "Bearer t")
            self.assertEqual(json.loads(slack[3])["channel"], "c")
            self.assertEqual(put[:2], ("PUT", "/put?q=a+b"))

    def test_only_allowed_hosts_are_reached_redirects_included(self):
        weir = self.start([f"127.0.0.1:{port_of(self.http)}"])
        here = f"http://127.0.0.1:{port_of(self.http)}"
        self.assertEqual(self.get(weir, f"{here}/x").status, 200)
        for url in (f"http://localhost:{port_of(self.http)}/x", f"http://127.0.0.1:{port_of(self.https)}/x",
                    f"{here}/to?http://localhost:{port_of(self.http)}/x"):
            answer = self.get(weir, url)
            self.assertEqual(answer.status, 403, answer.text)
            self.assertIn("query.allowed_hosts does not name it", answer.json["message"])
        self.assertEqual([path for _, path, _, _ in self.http.seen],
                         ["/x", f"/to?http://localhost:{port_of(self.http)}/x"])
        answer = self.get(weir, f"{here}/to?/to?x")
        self.assertIn('""path"": ""/x""', answer.text)

    def test_without_the_setting_nothing_is_reached(self):
        weir = self.start([])
        answer = self.get(weir, f"http://127.0.0.1:{port_of(self.http)}/x")
        self.assertEqual(answer.status, 403)
        self.assertIn("query.allowed_hosts is empty", answer.json["message"])
        self.assertEqual(self.http.seen, [])

    def test_an_authority_that_is_not_trusted(self):
        weir = self.start(["*"], ca=False)
        url = f"https://localhost:{port_of(self.https)}/x"
        answer = self.get(weir, url)
        self.assertEqual(answer.status, 422, answer.text)
        self.assertIn("certificate is not trusted", answer.json["message"])
        self.assertIn("query.ca_file", answer.json["message"])
        self.assertEqual(self.https.seen, [])
        self.assertEqual(self.get(weir, url, "timeout: 0s, insecureSkipVerify: true").status, 200)

    def test_an_answer_that_takes_too_long_or_is_too_large(self):
        weir = self.start(["*"])
        here = f"http://127.0.0.1:{port_of(self.http)}"
        for path in ("/hang", "/drip"):
            answer = self.get(weir, here + path, "timeout: 200ms, insecureSkipVerify: false")
            self.assertEqual(answer.status, 422, answer.text)
            self.assertIn("no answer in the time given", answer.json["message"])
        answer = self.get(weir, here + "/large")
        self.assertEqual(answer.status, 413, answer.text)
        self.assertIn("larger than 104857600 bytes", answer.json["message"])

    def test_a_query_ends_with_its_request_when_time_is_up_or_the_client_leaves(self):
        weir = self.start(["*"], "--query-duration-max", "1s", "--threads-workers", "1")
        here = f"http://127.0.0.1:{port_of(self.http)}"
        answer = self.get(weir, here + "/hang/1")
        self.assertIn("deadline exceeded", answer.json["message"])

        weir = self.start(["*"], "--threads-workers", "1")  # whom a hanging query would keep
        body = (f'import "http/requests"\nrequests.peek(response: requests.get(url: "{here}/hang/2"))').encode()
        client = socket.create_connection(("127.0.0.1", weir.http_port))
        client.sendall(f"POST /api/v2/query?org=tutorial HTTP/1.1\r\nHost: x\r\nAuthorization: Token "
                       f"{weir.env['INFLUXDB_TOKEN']}\r\n"
                       f"Content-Type: application/vnd.flux\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        wait_for(lambda: any(path == "/hang/2" for _, path, _, _ in self.http.seen), "the request")
        client.close()
        self.assertEqual(self.get(weir, here + "/after").status, 200)

    def test_queries_wait_for_each_other_and_are_refused_beyond_that(self):
        weir = self.start(["*"], "--query-concurrency", "1", "--query-queue-size", "1")
        here = f"http://127.0.0.1:{port_of(self.http)}"
        answers = []

        def hang():
            answers.append(self.get(weir, here + "/hang/queue").status)

        def waiting():
            return re.search(r"^weir_http_queries_waiting 1$", weir.request("GET", "/metrics").text, re.M)

        threads = [threading.Thread(target=hang) for _ in range(2)]
        threads[0].start()
        wait_for(lambda: self.http.seen, "the first query's request")
        threads[1].start()
        wait_for(waiting, "the second query to wait")
        refused = self.get(weir, here + "/x")
        self.assertEqual((refused.status, refused.json["code"], refused.json["message"]),
                         (429, "too many requests", "queue length exceeded"))
        self.http.released.set()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 2)
        metrics = weir.request("GET", "/metrics").text
        self.assertRegex(metrics, r"(?m)^weir_http_queries_refused_total 1$")

    def test_a_mistake_in_the_setting_is_told_at_the_start(self):
        for config, said in (('allowed_hosts = ["a b"]', "query.allowed_hosts: got `a b`"),
                             ('ca_file = "/nowhere.pem"', "query.ca_file")):
            weir = Weir(config="[query]\n" + config)
            self.addCleanup(weir.directory.cleanup)
            with self.assertRaisesRegex(AssertionError, said):
                weir.start()
            weir.log.close()


if __name__ == "__main__":
    unittest.main()
