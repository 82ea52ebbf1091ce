"""Sends a Prepare for `bob`, a peer of the sample settings, as the peer that the token in argv[1] belongs to."""

import sys
import interledger

bob = interledger.Peer(4002)
interledger.wait_until_ready(9464)
data = b"a packet"
answer = interledger.Sender(3002, sys.argv[1]).send(interledger.prepare(5, "test.bob.account", data))
assert answer[:1] == b"\x0d", f"not fulfilled: {answer!r}"
assert bob.received == {data: 1}, bob.received
