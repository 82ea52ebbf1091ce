import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import http2 from 'node:http2'
import { test } from 'node:test'
import { createRequire } from 'node:module'
import { Network, disconnectPlugin, freePorts, fulfillAll, fulfillmentOf, peer, send } from './support.mjs'

const require = createRequire(import.meta.url)
const PluginHttp = require('ilp-plugin-http')
const { deserializeIlpPrepare, serializeIlpFulfill } = require('ilp-packet')

/** alice, with a peer that sends over HTTP/2 and a peer that receives; all three on ports of their own. */
async function oneDaemon(network) {
    const [port, senderPort, receiverPort] = await freePorts(3)
    const alice = await network.daemon('alice', {
        port,
        peers: [
            peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 1_000_000 }),
            peer('receiver', { address: 'test.alice.receiver', port: receiverPort }),
        ],
    })
    const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: port, http2: true })
    const receiver = await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: port })
    return { port, alice, sender, receiver }
}

test('A35-27: packets of ilp-plugin-http over HTTP/2 arrive whole, many at a time', async () => {
    const network = await Network.create()
    try {
        const { alice, sender, receiver } = await oneDaemon(network)
        const seen = fulfillAll(receiver)
        const packets = Array.from({ length: 600 }, (_, index) => ({
            destination: `test.alice.receiver.packet-${index}.~_`,
            amount: index,
            data: randomBytes([0, 1, 127, 128, 255, 256, 32_000][index % 7]),
        }))
        const answers = await Promise.all(packets.map((packet) => send(sender, packet)))

        answers.forEach(({ reply }, index) => assert.deepEqual(reply.data, packets[index].data))
        assert.equal(seen.length, packets.length)
        const total = BigInt((600 * 599) / 2)
        assert.deepEqual(await alice.liquidity(), { sender: 1_000_000n - total, receiver: total })
    } finally {
        await network.close()
    }
})

test('what Node asks for over HTTP/2 beside packets', async () => {
    const network = await Network.create()
    let session
    try {
        const { port } = await oneDaemon(network)
        session = http2.connect(`http://127.0.0.1:${port}`)
        const ask = (headers, body = '') =>
            new Promise((resolve, reject) => {
                const stream = session.request(headers, { endStream: false })
                let text = ''
                stream.on('response', (got) => stream.on('end', () => resolve({ status: got[':status'], text })))
                stream.on('data', (chunk) => (text += chunk))
                stream.on('error', reject)
                stream.end(body)
            })
        const post = { ':method': 'POST', ':path': '/ilp', 'content-type': 'application/octet-stream' }
        const known = { ...post, authorization: 'Bearer from-sender' }
        assert.equal((await ask({ ':path': '/' })).status, 405)
        assert.equal((await ask({ ...post, ':path': '/elsewhere' }, 'x')).status, 404)
        assert.equal((await ask(post, 'x')).status, 401)
        assert.equal((await ask({ ...known, 'content-type': 'text/plain' }, 'x')).status, 415)
        assert.equal((await ask(known, 'not a packet')).status, 400)
        assert.equal((await ask(known, randomBytes(66_000))).status, 413)
        assert.equal((await ask({ ...known, 'content-length': 70_000 }, randomBytes(70_000))).status, 413)

        await new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())))
        const given = session.request(known)
        given.on('error', () => {})
        given.close(http2.constants.NGHTTP2_CANCEL)
        assert.equal((await ask(known, 'not a packet')).status, 400)
        assert.equal(session.closed, false)
    } finally {
        session?.destroy()
        await network.close()
    }
})

test('A35-10 A35-27: ilp-plugin-http sends over HTTP/2 with tokens that it signs', async () => {
    const network = await Network.create()
    try {
        const [port, senderPort, receiverPort] = await freePorts(3)
        const secret = 'the-secret-of-the-sender'
        const sender = peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 1_000_000 })
        sender.http.incoming = { jwt_secrets: [secret] }
        await network.daemon('alice', {
            port,
            peers: [sender, peer('receiver', { address: 'test.alice.receiver', port: receiverPort })],
        })
        const seen = fulfillAll(await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: port }))
        const plugin = new PluginHttp({
            incoming: { port: senderPort, staticToken: 'to-sender' },
            outgoing: { url: `http://127.0.0.1:${port}/ilp`, jwtSecret: secret, name: 'sender', http2: true },
        })
        await plugin.connect()
        try {
            await send(plugin, { destination: 'test.alice.receiver.x' }) // until the first one, it has no token
            const answers = await Promise.all(
                Array.from({ length: 100 }, () => send(plugin, { destination: 'test.alice.receiver.x' })),
            )
            for (const { reply } of answers) assert.ok(reply.fulfillment, `${reply.code} ${reply.message}`)
            assert.equal(seen.length, 101)
        } finally {
            await disconnectPlugin(plugin)
        }
    } finally {
        await network.close()
    }
})

test('A35-27 A35-28: a next hop in Node that says GOAWAY again and again gets each packet once', async () => {
    const network = await Network.create()
    const seen = new Map()
    let sessions = 0
    const nextHop = http2.createServer({ settings: { maxConcurrentStreams: 50 } })
    nextHop.on('session', (session) => {
        sessions += 1
        let streams = 0
        session.on('error', () => {})
        session.on('stream', (stream) => {
            stream.on('error', () => {})
            streams += 1
            // Streams that are opened behind this one are not processed, and the client has to open them elsewhere.
            if (streams === 40) session.goaway(http2.constants.NGHTTP2_NO_ERROR, stream.id)
            if (streams > 40) return
            const parts = []
            stream.on('data', (part) => parts.push(part))
            stream.on('end', () => {
                const prepare = deserializeIlpPrepare(Buffer.concat(parts))
                seen.set(prepare.destination, (seen.get(prepare.destination) ?? 0) + 1)
                stream.respond({ ':status': 200, 'content-type': 'application/octet-stream' })
                const answer = { fulfillment: fulfillmentOf(prepare.data), data: prepare.data }
                setTimeout(() => stream.end(serializeIlpFulfill(answer)), Math.random() * 20)
            })
        })
    })
    try {
        const [port, senderPort, nextHopPort] = await freePorts(3)
        await new Promise((resolve) => nextHop.listen(nextHopPort, '127.0.0.1', resolve))
        const receiver = peer('receiver', { address: 'test.alice.receiver', port: nextHopPort })
        receiver.http.outgoing.protocol = 'http2'
        await network.daemon('alice', {
            port,
            peers: [
                peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 1_000_000 }),
                receiver,
            ],
        })
        const plugin = await network.plugin({ name: 'sender', port: senderPort, daemonPort: port, http2: true })
        let next = 0
        const sendSome = async () => {
            while (next < 600) {
                const { reply } = await send(plugin, { destination: `test.alice.receiver.packet-${next++}` })
                assert.ok(reply.fulfillment, `${reply.code} ${reply.message}`)
            }
        }
        await Promise.all(Array.from({ length: 60 }, sendSome))
        assert.equal(seen.size, 600)
        assert.ok([...seen.values()].every((count) => count === 1))
        assert.ok(sessions > 10)
    } finally {
        await network.close()
        nextHop.close()
    }
})
