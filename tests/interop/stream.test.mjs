import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Network, daemonPeer, freePorts, peer, streamPay, streamReceiver } from './support.mjs'

const usd = (value) => BigInt(value) * 1_000_000_000n

test('A27-05 A27-16 A31-01: ilp-protocol-stream pays through one daemon', async () => {
    const network = await Network.create()
    try {
        const [alicePort, senderPort, receiverPort] = await freePorts(3)
        const alice = await network.daemon('alice', {
            port: alicePort,
            peers: [
                peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 20_000_000_000 }),
                peer('receiver', { address: 'test.alice.receiver', port: receiverPort }),
            ],
        })
        const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: alicePort })
        const receiver = await streamReceiver(
            await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: alicePort }),
        )

        const { sent, delivered } = await streamPay(sender, receiver.credentials(), usd(5))

        assert.equal(sent, usd(5))
        assert.equal(delivered, usd(5))
        assert.equal(receiver.received(), usd(5))
        assert.deepEqual(await alice.liquidity(), { sender: usd(15), receiver: usd(5) })
    } finally {
        await network.close()
    }
})

test('A27-35: ilp-protocol-stream splits what three different maximum packet amounts refuse', async () => {
    const network = await Network.create()
    try {
        const [alicePort, bobPort, senderPort, receiverPort] = await freePorts(4)
        const largest = 60_000_000
        const alice = await network.daemon('alice', {
            port: alicePort,
            peers: [
                peer('sender', {
                    address: 'test.alice.sender',
                    port: senderPort,
                    liquidity: 20_000_000_000,
                    max_packet_amount: 1_000_000_000,
                }),
                daemonPeer('alice', 'bob', { port: bobPort, max_packet_amount: 250_000_000 }),
            ],
        })
        const bob = await network.daemon('bob', {
            port: bobPort,
            peers: [
                daemonPeer('bob', 'alice', { port: alicePort, liquidity: 7_000_000_000, max_packet_amount: largest }),
                peer('receiver', { address: 'test.bob.receiver', port: receiverPort }),
            ],
        })
        const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: alicePort })
        const receiverPlugin = await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: bobPort })
        const receiver = await streamReceiver(receiverPlugin)

        const { sent, delivered } = await streamPay(sender, receiver.credentials(), usd(5))

        assert.equal(sent, usd(5))
        assert.equal(delivered, usd(5))
        assert.equal(receiver.received(), usd(5))
        assert.deepEqual(await alice.liquidity(), { sender: usd(15), bob: usd(5) })
        assert.deepEqual(await bob.liquidity(), { alice: usd(2), receiver: usd(5) })
        const fulfilled = await alice.count('ilp_packets_total', { peer: 'sender', type: 'fulfill' })
        assert.ok(fulfilled >= Number(usd(5)) / largest, `${fulfilled} packets cannot have carried the payment`)
        const refused = await alice.count('ilp_packets_total', { peer: 'sender', type: 'reject', code: 'F08' })
        assert.ok(refused > 0, 'no packet met a maximum')
    } finally {
        await network.close()
    }
})

test('A27-11: a payment stops where the liquidity ends, and every daemon agrees on how much was paid', async () => {
    const network = await Network.create()
    try {
        const [alicePort, bobPort, senderPort, receiverPort] = await freePorts(4)
        const alice = await network.daemon('alice', {
            port: alicePort,
            peers: [
                peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 20_000_000_000 }),
                daemonPeer('alice', 'bob', { port: bobPort }),
            ],
        })
        const bob = await network.daemon('bob', {
            port: bobPort,
            peers: [
                daemonPeer('bob', 'alice', {
                    port: alicePort,
                    liquidity: 1_000_000_000,
                    max_packet_amount: 100_000_000,
                }),
                peer('receiver', { address: 'test.bob.receiver', port: receiverPort }),
            ],
        })
        const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: alicePort })
        const receiverPlugin = await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: bobPort })
        const receiver = await streamReceiver(receiverPlugin)

        await assert.rejects(streamPay(sender, receiver.credentials(), usd(5), { timeout: 3_000 }))

        const booked = await bob.liquidity()
        assert.equal(booked.alice + booked.receiver, usd(1))
        assert.ok(booked.receiver > 0n, 'nothing was paid at all')
        assert.equal(receiver.received(), booked.receiver)
        assert.deepEqual(await alice.liquidity(), { sender: usd(20) - booked.receiver, bob: booked.receiver })
    } finally {
        await network.close()
    }
})
