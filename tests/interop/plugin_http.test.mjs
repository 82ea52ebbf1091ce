import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Network, freePorts, fulfillAll, peer, send } from './support.mjs'

/** alice, with a peer that sends and a peer that receives; all three on ports of their own. */
async function oneDaemon(network) {
    const [port, senderPort, receiverPort] = await freePorts(3)
    const alice = await network.daemon('alice', {
        port,
        peers: [
            peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 1_000_000 }),
            peer('receiver', { address: 'test.alice.receiver', port: receiverPort }),
        ],
    })
    const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: port })
    const receiver = await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: port })
    return { alice, sender, receiver }
}

test('A27-03 A27-04 A35-03: packets of ilp-plugin-http arrive whole, many at a time', async () => {
    const network = await Network.create()
    try {
        const { alice, sender, receiver } = await oneDaemon(network)
        const seen = fulfillAll(receiver)
        const packets = Array.from({ length: 300 }, (_, index) => ({
            destination: `test.alice.receiver.packet-${index}.~_`,
            amount: index,
            data: randomBytes([0, 1, 127, 128, 255, 256, 32_000][index % 7]),
        }))

        const answers = await Promise.all(packets.map((packet) => send(sender, packet)))

        answers.forEach(({ reply }, index) => assert.deepEqual(reply.data, packets[index].data))
        const arrived = new Map(seen.map((prepare) => [prepare.destination, prepare]))
        assert.equal(seen.length, packets.length)
        for (const { destination, amount, data } of packets) {
            assert.equal(arrived.get(destination).amount, String(amount))
            assert.deepEqual(arrived.get(destination).data, data)
        }
        const total = BigInt((300 * 299) / 2)
        assert.deepEqual(await alice.liquidity(), { sender: 1_000_000n - total, receiver: total })
    } finally {
        await network.close()
    }
})

// The server half closes a connection that was idle for 5 s. A packet sent at that moment must neither be lost nor be
// sent twice, so the pauses lie around it.
test('A35-26: a peer of ilp-plugin-http that closes idle connections loses no packet', { timeout: 120_000 }, async () => {
    const network = await Network.create()
    try {
        const { sender, receiver } = await oneDaemon(network)
        const seen = fulfillAll(receiver)
        let sent = 0
        const burst = async () => {
            const answers = await Promise.all(
                Array.from({ length: 8 }, () => send(sender, { destination: 'test.alice.receiver' })),
            )
            sent += answers.length
            for (const { reply } of answers) assert.ok(reply.fulfillment, `${reply.code} ${reply.message}`)
        }
        const keepAlive = receiver._httpServer.keepAliveTimeout
        assert.equal(keepAlive, 5_000)

        for (const around of [-60, -10, 0, 10, 60]) {
            await burst()
            await pause(keepAlive + around)
        }
        await burst()

        assert.equal(seen.length, sent)
    } finally {
        await network.close()
    }
})

test('A27-61: a peer of ilp-plugin-http that goes away is T01, and is found again when it is back', async () => {
    const network = await Network.create()
    try {
        const { alice, sender, receiver } = await oneDaemon(network)
        fulfillAll(receiver)
        assert.ok((await send(sender, { destination: 'test.alice.receiver' })).reply.fulfillment)

        const server = receiver._httpServer
        await receiver.disconnect()
        server.closeAllConnections()
        const { reply } = await send(sender, { destination: 'test.alice.receiver' })
        assert.equal(reply.code, 'T01')

        // The daemon pauses for at most a second between two attempts to connect.
        await receiver.connect()
        const deadline = Date.now() + 10_000
        let answer = reply
        while (answer.code === 'T01' && Date.now() < deadline) {
            await pause(50)
            answer = (await send(sender, { destination: 'test.alice.receiver' })).reply
        }
        assert.ok(answer.fulfillment, `${answer.code} ${answer.message}`)
        assert.deepEqual(await alice.liquidity(), { sender: 999_998n, receiver: 2n })
    } finally {
        await network.close()
    }
})

test('A35-07: ilp-plugin-http with a wrong token is refused and moves nothing', async () => {
    const network = await Network.create()
    try {
        const { alice, sender, receiver } = await oneDaemon(network)
        const seen = fulfillAll(receiver)
        const stranger = await network.plugin({
            name: 'stranger',
            port: (await freePorts(1))[0],
            daemonPort: new URL(sender._url).port,
        })

        await assert.rejects(send(stranger, { destination: 'test.alice.receiver' }), /code=401/)

        assert.equal(seen.length, 0)
        assert.deepEqual(await alice.liquidity(), { sender: 1_000_000n, receiver: 0n })
    } finally {
        await network.close()
    }
})
