"""Forwards a packet through the daemon with the process id argv[2], as forward_one.py does, but stops the daemon while the
next hop has the packet: the sender still gets the fulfillment."""

import os
import signal
import sys
import threading
import interledger


class Gate:
    """Takes the place of the peer's lock: the peer keeps a packet until the gate is opened."""

    def __init__(self):
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __enter__(self):
        self.reached.set()
        assert self.opened.wait(60)

    def __exit__(self, *error):
        pass


bob = interledger.Peer(4002)
bob.lock = gate = Gate()
answers = []
sender = interledger.Sender(3002, sys.argv[1])
thread = threading.Thread(
    target=lambda: answers.append(sender.send(interledger.prepare(5, "test.bob.account", b"drained"))))
thread.start()
assert gate.reached.wait(60), "the packet does not reach the next hop"
late = interledger.Sender(3002, sys.argv[1])
assert late.send(interledger.prepare(5, "test.nobody", b"early"))[:1] == b"\x0e"
os.kill(int(sys.argv[2]), signal.SIGTERM)
# The daemon has taken note of the signal when it ends connections.
try:
    while late.connection is not None:
        late.send(interledger.prepare(5, "test.nobody", b"late"))
except ConnectionError:
    pass
gate.opened.set()
thread.join(60)
assert answers and answers[0][:1] == b"\x0d", f"not fulfilled: {answers}"
