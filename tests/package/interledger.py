"""A peer of the daemon, for the tests of this folder: it sends Prepares, and fulfills those that it receives."""

import hashlib
import http.client
import http.server
import threading
import time


def octets(content):
    size = len(content)
    if size < 128:
        return bytes([size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([128 | len(digits)]) + digits + content


def fulfillment_for(data):
    return hashlib.sha256(b"preimage of " + data).digest()


def prepare(amount, destination, data, seconds=20, fulfillment=None):
    at = time.time() + seconds
    expires = time.strftime("%Y%m%d%H%M%S", time.gmtime(at)) + f"{int(at * 1000) % 1000:03}"
    condition = hashlib.sha256(fulfillment or fulfillment_for(data)).digest()
    return b"\x0c" + octets(
        amount.to_bytes(8, "big") + expires.encode() + condition + octets(destination.encode()) + octets(data))


def data_of(body):
    """The data of a Prepare whose destination and data are both shorter than 128 octets."""
    at = body.index(b"test.", 50)
    return body[at + body[at - 1] + 1:]


class Peer:
    """Fulfills every Prepare that it receives, and counts how often each has come. Before each answer it calls
    `before_answer` with the data of the Prepare."""

    def __init__(self, port, before_answer=lambda data: None):
        self.received = {}
        self.lock = threading.Lock()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                data = data_of(body)
                with peer.lock:
                    peer.received[data] = peer.received.get(data, 0) + 1
                before_answer(data)
                answer = b"\x0d" + octets(fulfillment_for(data) + octets(b""))
                self.send_response(200)
                self.send_header("content-type", "application/octet-stream")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Sender:
    """Posts Prepares to the daemon, on one connection for as long as the daemon keeps it."""

    def __init__(self, port, token, host="127.0.0.1"):
        self.host = host
        self.port = port
        self.token = token
        self.connection = None

    def send(self, packet):
        """The answer: b'\\x0d...' for a Fulfill, b'\\x0e...' for a Reject."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        self.connection.request("POST", "/", packet, {
            "authorization": "Bearer " + self.token, "content-type": "application/octet-stream"})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.will_close:
            self.close()
        if answer.status != 200:
            raise RuntimeError(f"the daemon answered {answer.status}: {body!r}")
        return body

    def close(self):
        """The next packet goes over a new connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def wait_until_ready(port, is_running=lambda: True, limit=60, host="127.0.0.1"):
    """Waits until /readyz says so."""
    end = time.monotonic() + limit
    while time.monotonic() < end and is_running():
        try:
            connection = http.client.HTTPConnection(host, port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError("the daemon does not become ready")
