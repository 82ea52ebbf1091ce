// ilpctl pays to JavaScript receivers, each behind an SPSP answer of its own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Network, daemonPeer, freePorts, peer, statelessReceiver, streamReceiver } from './support.mjs'

const usd = { code: 'USD', scale: 9 }
const eur = { code: 'EUR', scale: 6 }
const balance = 20_000_000_000n

const ilpctl = async (daemon, ...words) => {
    const program = join(dirname(process.env.ILPD), 'ilpctl')
    const environment = { ...process.env, ILPCTL_URL: daemon.adminUrl }
    const { stdout } = await promisify(execFile)(program, [...words, '--json'], { env: environment })
    return JSON.parse(stdout)
}

/** alice, whose account of the same name has money, and bob, where a receiver in `asset` is a peer. */
async function payerAndReceiver(network, asset) {
    const [alicePort, bobPort, receiverPort] = await freePorts(3)
    const alice = await network.daemon('alice', {
        port: alicePort,
        accounts: [{ name: 'alice', asset: usd }],
        peers: [daemonPeer('alice', 'bob', { port: bobPort, max_packet_amount: 50_000_000 })],
    })
    const bob = await network.daemon('bob', {
        port: bobPort,
        assets: [usd, eur].map((each) => ({ ...each, liquidity: 10_000_000_000 })),
        // The server of ilp-protocol-stream looks for a rate of the way back.
        rates: {
            fixed: [
                { base: 'USD', quote: 'EUR', rate: 0.8 },
                { base: 'EUR', quote: 'USD', rate: 1.25 },
            ],
        },
        peers: [
            daemonPeer('bob', 'alice', { port: alicePort, liquidity: Number(balance) }),
            peer('receiver', { address: 'test.bob.receiver', port: receiverPort, asset }),
        ],
    })
    const plugin = await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: bobPort })
    await ilpctl(alice, 'account', 'deposit', 'alice', '20')
    return { alice, bob, plugin }
}

/** An SPSP server that answers everybody with new credentials; `url` is where. */
async function spspServer(credentials) {
    const server = createServer((request, response) => {
        assert.match(request.headers.accept, /application\/spsp4\+json/)
        const { address, sharedSecret } = credentials()
        response.setHeader('content-type', 'application/spsp4+json')
        response.end(JSON.stringify({ destination_account: address, shared_secret: sharedSecret.toString('base64') }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
        url: `http://127.0.0.1:${server.address().port}/bob`,
        close: () => new Promise((closed) => server.close(closed).closeAllConnections()),
    }
}

const receivers = {
    '@interledger/stream-receiver': async (plugin, asset) => {
        const { credentials, received } = statelessReceiver(plugin, 'test.bob.receiver', asset)
        const addressed = ({ ilpAddress, sharedSecret }) => ({ address: ilpAddress, sharedSecret })
        return { credentials: () => addressed(credentials()), received, close: async () => {} }
    },
    'the server of ilp-protocol-stream': async (plugin) => {
        const { server, credentials, received } = await streamReceiver(plugin)
        const addressed = ({ destinationAccount, sharedSecret }) => ({ address: destinationAccount, sharedSecret })
        return { credentials: () => addressed(credentials()), received, close: () => server.close() }
    },
}

/** What is asked of ilpctl, and the amount of the receiver's asset that arrives. */
const wishes = [
    { name: 'a fixed amount is sent', asset: usd, words: ['3', 'USD'], sent: 3_000_000_000n, delivered: 3_000_000_000n },
    {
        name: 'a fixed amount is delivered',
        asset: usd,
        words: ['3000000001', '--deliver', '--from', 'alice', '--at-most', '4'],
        sent: 3_000_000_001n,
        delivered: 3_000_000_001n,
    },
    { name: 'a fixed amount is sent, in another currency', asset: eur, words: ['3', 'USD'], sent: 3_000_000_000n },
    {
        name: 'a fixed amount is delivered, in another currency',
        asset: eur,
        words: ['2400001', '--deliver', '--from', 'alice', '--at-most', '4'],
        delivered: 2_400_001n,
    },
]

for (const [name, start] of Object.entries(receivers)) {
    for (const wish of wishes) {
        test(`A29-02: ilpctl pays ${name}, ${wish.name}`, async () => {
            const network = await Network.create()
            let spsp, receiver
            try {
                const { alice, bob, plugin } = await payerAndReceiver(network, wish.asset)
                receiver = await start(plugin, wish.asset)
                spsp = await spspServer(receiver.credentials)
                const payment = await ilpctl(alice, 'pay', spsp.url, ...wish.words)
                assert.equal(payment.status, 'COMPLETED')
                const [sent, delivered] = [BigInt(payment.sent), BigInt(payment.delivered)]
                if (wish.sent) assert.equal(sent, wish.sent)
                if (wish.delivered) assert.equal(delivered, wish.delivered)
                assert.equal(receiver.received(), delivered)
                const { liquidity } = await ilpctl(alice, 'account', 'show', 'alice')
                assert.equal(BigInt(liquidity), balance - sent)
                assert.deepEqual(await alice.liquidity(), { bob: sent })
                assert.deepEqual(await bob.liquidity(), { alice: balance - sent, receiver: delivered })
                const exact = wish.asset === eur ? (sent * 8n) / 10_000n : sent
                const packets = await bob.count('ilp_packets_total', { peer: 'alice', type: 'fulfill' })
                assert.ok(packets >= 60, `${packets} packets`)
                // Each packet is rounded down by less than one unit.
                assert.ok(delivered <= exact && delivered >= exact - BigInt(packets), `${delivered} of ${exact}`)
            } finally {
                await spsp?.close()
                await receiver?.close()
                await network.close()
            }
        })
    }
}
