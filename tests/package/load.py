"""Sends packets from dora, whose token is argv[1], to bob, a peer of the sample settings, while the daemon restarts or
stops.

    load.py TOKEN around COMMAND...  runs the command under a load on kept and on new connections. It fails if a
                                     connection is refused, or a packet is lost, doubled or not booked as answered.
    load.py TOKEN hold               sends a packet. The file `held` is there when bob has it, and when the file
                                     `release` is there, bob answers. It fails unless the packet is fulfilled."""

import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import interledger

AMOUNT = 5
ENOUGH = 25  # packets fulfilled on each sender's connections


def balances():
    peers = json.loads(subprocess.run(["ilpctl", "--json", "peer", "list"], check=True, capture_output=True).stdout)
    return {peer["name"]: int(peer["liquidity"]) for peer in peers}


def packet_with(data, seconds=20):
    return interledger.prepare(AMOUNT, "test.bob.account", data, seconds)


class Load(threading.Thread):
    """Sends one packet after the other. A packet that is refused for now (T03) is not sent again: it counts as refused."""

    def __init__(self, name, token, keeps_connection):
        super().__init__(daemon=True)
        self.name = name
        self.token = token
        self.keeps_connection = keeps_connection
        self.fulfilled = []
        self.refused = []
        self.errors = []
        self.progress = threading.Condition()
        self.ends = False

    def run(self):
        sender = interledger.Sender(3002, self.token)
        number = 0
        while not self.ends and not self.errors:
            number += 1
            data = f"{self.name} {number}".encode()
            try:
                if not self.keeps_connection:
                    sender.close()
                answer = sender.send(packet_with(data))
                with self.progress:
                    if answer[:1] == b"\x0d":
                        self.fulfilled.append(data)
                    elif b"T03" in answer[:8]:
                        self.refused.append(data)
                    else:
                        self.errors.append(f"{data!r}: {answer!r}")
                    self.progress.notify()
            except Exception as error:
                with self.progress:
                    self.errors.append(f"{data!r}: {error!r}")
                    self.progress.notify()

    def wait_for_more(self):
        with self.progress:
            goal = len(self.fulfilled) + ENOUGH
            done = self.progress.wait_for(lambda: self.errors or len(self.fulfilled) >= goal, timeout=60)
        assert done and not self.errors, f"sender {self.name}: {self.errors or 'no more packets are fulfilled'}"


def around(token, command):
    bob = interledger.Peer(4002)
    before = balances()
    senders = [Load(f"{kind} {i}", token, kind == "kept") for kind in ("kept", "new") for i in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.wait_for_more()
    subprocess.run(command, check=True)
    for sender in senders:
        sender.wait_for_more()
    for sender in senders:
        sender.ends = True
    for sender in senders:
        sender.join(60)
        problem = sender.errors or "waits for an answer"
        assert not sender.is_alive() and not sender.errors, f"sender {sender.name}: {problem}"

    fulfilled = [data for sender in senders for data in sender.fulfilled]
    refused = sum(len(sender.refused) for sender in senders)
    assert bob.received == {data: 1 for data in fulfilled}, "bob has received other packets than those that were fulfilled"
    after = balances()
    paid = AMOUNT * len(fulfilled)
    assert before["dora"] - after["dora"] == paid == after["bob"] - before["bob"], f"{paid} paid: {before} became {after}"
    print(f"{len(fulfilled)} packets fulfilled, {refused} refused with T03 while the daemon stopped, none lost")


def hold(token):
    def keep(data):
        pathlib.Path("held").touch()
        end = time.monotonic() + 60
        while not pathlib.Path("release").exists() and time.monotonic() < end:
            time.sleep(0.05)

    bob = interledger.Peer(4002, keep)
    sender = interledger.Sender(3002, token)
    end = time.monotonic() + 60
    # For a moment, the daemon may still count bob as unreachable.
    while (answer := sender.send(packet_with(b"held", 55)))[:1] == b"\x0e" and not bob.received and time.monotonic() < end:
        time.sleep(0.1)
    assert answer[:1] == b"\x0d", f"not fulfilled: {answer!r}"


token, mode, *command = sys.argv[1:]
if mode == "around":
    around(token, command)
else:
    hold(token)
