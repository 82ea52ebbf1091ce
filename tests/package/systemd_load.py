"""Sends Prepares from dora to bob, a peer of the sample settings, while the service restarts or stops.

`restarts`: sends them one after the other in a few threads, each on a connection of its own, until the file load.ends is
there. Makes the file load.runs while packets are fulfilled. Fails if a connection is refused or ends without an answer,
or if a packet that was fulfilled has not reached bob exactly once.
`hold`: sends one that bob does not answer; the file held is there when bob has it. Its answer is a Reject."""

import itertools
import os
import socket
import sys
import threading

import interledger

TOKEN = "dora-to-alice-0123456789"


def send(data, seconds):
    packet = interledger.prepare(5, "test.bob.account", data, seconds)
    sender = interledger.Sender(3002, TOKEN)
    try:
        return sender.send(packet)
    finally:
        if sender.connection is not None:
            sender.connection.close()


def restarts():
    bob = interledger.Peer(4002)
    counter = itertools.count()
    fulfilled, rejected, failures = [], [], []

    def run():
        while not os.path.exists("load.ends"):
            data = b"packet %d" % next(counter)
            try:
                answer = send(data, 20)
            except Exception as error:  # whatever it is, the packet has no answer
                failures.append(f"{data!r}: {error!r}")
                continue
            (fulfilled if answer[:1] == b"\x0d" else rejected).append(data)
            if answer[:1] == b"\x0d" and not os.path.exists("load.runs"):
                open("load.runs", "w").close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(fulfilled)} packets were fulfilled, {len(rejected)} rejected, {len(failures)} lost")
    lost = [data for data in fulfilled if bob.received.get(data) != 1]
    doubled = [data for data, times in bob.received.items() if times != 1]
    if failures or lost or doubled:
        sys.exit(f"without an answer: {failures[:5]}; not at bob: {lost[:5]}; not once at bob: {doubled[:5]}")


def hold():
    with socket.create_server(("127.0.0.1", 4002)) as bob:
        answer = []
        sender = threading.Thread(target=lambda: answer.append(send(b"held", 25)))
        sender.start()
        connection, _ = bob.accept()
        connection.recv(65536)
        open("held", "w").close()
        sender.join()
        connection.close()
    if not answer or answer[0][:1] != b"\x0e":
        sys.exit(f"the answer is {answer}")


{"restarts": restarts, "hold": hold}[sys.argv[1]]()
