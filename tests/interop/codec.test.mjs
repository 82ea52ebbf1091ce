// Every answer that the daemon itself makes is read, and written again, by ilp-packet.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Network, freePorts, fulfillAll, peer, send } from './support.mjs'

const require = createRequire(import.meta.url)
const packets = require('ilp-packet')

const amountTooLarge = (received, maximum) => {
    const data = Buffer.alloc(16)
    data.writeBigUInt64BE(BigInt(received), 0)
    data.writeBigUInt64BE(BigInt(maximum), 8)
    return data
}

const nobody = Buffer.alloc(0)
const destination = 'test.alice.receiver'
const refusals = [
    { id: 'A27-52', code: 'F02', prepare: { destination: 'test.nowhere' } },
    { id: 'A27-52', code: 'F02', prepare: { destination: 'g.other.network' } },
    { id: 'A27-51', code: 'F01', prepare: { destination: 'peer.unknown' } },
    { id: 'A27-35', code: 'F08', prepare: { destination, amount: 1001 }, data: amountTooLarge(1001, 1000) },
    { id: 'A27-36', code: 'F08', prepare: { destination, amount: 501 }, data: amountTooLarge(501, 500) },
    { id: 'A27-64', code: 'T04', prepare: { destination, amount: 300 } },
    { id: 'A27-68', code: 'R00', prepare: { destination, expiresIn: -1_000 } },
    { id: 'A27-70', code: 'R02', prepare: { destination, expiresIn: 700 } },
    { id: 'A27-61', code: 'T01', prepare: { destination: 'test.alice.absent' } },
    { id: 'A27-60', code: 'T00', prepare: { destination: 'test.alice.broken' } },
    { id: 'A27-13', code: 'F05', prepare: { destination: 'test.alice.liar' } },
    { id: 'A27-15', code: 'R00', prepare: { destination: 'test.alice.silent', expiresIn: 2_500 } },
]

test('A27-80: ilp-packet decodes each refusal and encodes it to the same octets', async (context) => {
    const network = await Network.create()
    try {
        const names = ['sender', 'receiver', 'absent', 'broken', 'liar', 'silent']
        const [port, ...peerPorts] = await freePorts(names.length + 1)
        const limits = {
            sender: { liquidity: 200, max_packet_amount: 1000 },
            receiver: { max_packet_amount: 500 },
        }
        const alice = await network.daemon('alice', {
            port,
            peers: names.map((name, index) =>
                peer(name, { address: `test.alice.${name}`, port: peerPorts[index], ...limits[name] }),
            ),
        })
        const plugins = {}
        for (const [index, name] of names.entries()) {
            if (name === 'absent') continue
            plugins[name] = await network.plugin({ name, port: peerPorts[index], daemonPort: port })
        }
        fulfillAll(plugins.receiver)
        plugins.broken.registerDataHandler(async () => {
            throw new Error('broken on purpose')
        })
        plugins.liar.registerDataHandler(async () =>
            packets.serializeIlpFulfill({ fulfillment: Buffer.alloc(32, 7), data: nobody }),
        )
        plugins.silent.registerDataHandler(() => new Promise(() => {}))

        for (const { id, code, prepare, data = nobody } of refusals) {
            await context.test(`${id}: ${code} for ${JSON.stringify(prepare)}`, async () => {
                const { octets, reply } = await send(plugins.sender, prepare)
                assert.equal(reply.code, code, reply.message)
                assert.equal(reply.triggeredBy, 'test.alice')
                assert.ok(reply.message.length > 0, 'no reason is given')
                assert.deepEqual(reply.data, data)
                assert.deepEqual(packets.serializeIlpReject(reply), octets)
            })
        }

        const { octets, reply } = await send(plugins.sender, { destination, amount: 200 })
        assert.deepEqual(packets.serializeIlpFulfill(reply), octets)
        const { sender, receiver, ...others } = await alice.liquidity()
        assert.deepEqual({ sender, receiver }, { sender: 0n, receiver: 200n })
        assert.deepEqual(others, { absent: 0n, broken: 0n, liar: 0n, silent: 0n })
    } finally {
        await network.close()
    }
})
