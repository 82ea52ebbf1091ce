// JavaScript senders pay to receiving accounts of the daemon.
import assert from 'node:assert/strict'
import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Network, daemonPeer, freePorts, peer, streamPay } from './support.mjs'

const require = createRequire(import.meta.url)
const { setupPayment, startQuote, pay, closeConnection } = require('@interledger/pay')

const usd = { code: 'USD', scale: 9 }
const eur = { code: 'EUR', scale: 6 }
const secret = randomBytes(32)
const [alice, bob] = [1, 2] // the ids of the accounts, in the order of the file

const hmac = (key, text) => createHmac('sha256', key).update(text).digest()

/** An address as the daemon makes it for an account: see ilp/stream/receiver_token.hpp. */
function addressOf(account, node) {
    const contents = Buffer.alloc(10)
    contents.writeUInt32BE(account)
    contents.writeUIntBE(Date.now() + 3_600_000, 4, 6)
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', hmac(secret, 'ilpd_stream_token'), iv)
    const sealed = Buffer.concat([cipher.update(contents), cipher.final()])
    const mark = hmac(secret, 'ilpd_stream_mark').subarray(0, 1)
    const token = Buffer.concat([mark, iv, cipher.getAuthTag(), sealed])
    return {
        destinationAccount: `test.${node}.~${token.toString('base64url')}`,
        sharedSecret: hmac(hmac(secret, 'ilpd_stream_shared_secret'), token),
    }
}

/** The balance of a receiving account. */
async function balance(daemon, name) {
    const answer = await fetch(daemon.adminUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
            query: 'query ($name: String!) { receivingAccountByName(name: $name) { liquidity } }',
            variables: { name },
        }),
    })
    return BigInt((await answer.json()).data.receivingAccountByName.liquidity)
}

/** near forwards to far, which has the accounts. */
async function payingAndReceiving(network, { maxPacketAmount = 50_000_000 } = {}) {
    const [nearPort, farPort, senderPort] = await freePorts(3)
    const near = await network.daemon('near', {
        port: nearPort,
        peers: [
            peer('sender', { address: 'test.near.sender', port: senderPort, liquidity: 20_000_000_000 }),
            daemonPeer('near', 'far', { port: farPort, max_packet_amount: maxPacketAmount }),
        ],
    })
    const far = await network.daemon('far', {
        port: farPort,
        assets: [usd, { ...eur, liquidity: 100_000_000 }],
        rates: { fixed: [{ base: 'USD', quote: 'EUR', rate: 0.8 }] },
        receiving: { secret: secret.toString('hex') },
        accounts: [
            { name: 'alice', asset: usd },
            { name: 'bob', asset: eur },
        ],
        peers: [daemonPeer('far', 'near', { port: nearPort, liquidity: 10_000_000_000 })],
    })
    const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: nearPort })
    return { near, far, sender }
}

const amount = 3_000_000_000n

test('A29-02 A29-07: ilp-protocol-stream pays to a receiving account', async () => {
    const network = await Network.create()
    try {
        const { near, far, sender } = await payingAndReceiving(network)
        const { sent, delivered } = await streamPay(sender, addressOf(alice, 'far'), amount)
        assert.equal(sent, amount)
        assert.equal(delivered, amount)
        assert.equal(await balance(far, 'alice'), amount)
        assert.deepEqual(await near.liquidity(), { sender: 20_000_000_000n - amount, far: amount })
        assert.deepEqual(await far.liquidity(), { near: 10_000_000_000n - amount })
    } finally {
        await network.close()
    }
})

test('A29-16: ilp-protocol-stream pays to a receiving account in another currency', async () => {
    const network = await Network.create()
    try {
        const { far, sender } = await payingAndReceiving(network)
        const { sent, delivered } = await streamPay(sender, addressOf(bob, 'far'), amount)
        assert.equal(sent, amount)
        assert.equal(delivered, await balance(far, 'bob'))
        // Each packet is rounded down by less than one unit.
        const packets = await far.count('ilp_packets_total', { peer: 'near', type: 'fulfill' })
        const exact = 2_400_000n
        assert.ok(delivered <= exact && delivered >= exact - BigInt(packets), `${delivered} in ${packets} packets`)
    } finally {
        await network.close()
    }
})

for (const wish of [{ amountToSend: amount }, { amountToDeliver: amount }]) {
    test(`A29-08 A29-16: @interledger/pay quotes and pays a receiving account, ${Object.keys(wish)[0]}`, async () => {
        const network = await Network.create()
        try {
            const { far, sender } = await payingAndReceiving(network)
            const { destinationAccount, sharedSecret } = addressOf(alice, 'far')
            const destination = await setupPayment({
                plugin: sender,
                destinationAddress: destinationAccount,
                sharedSecret,
            })
            assert.deepEqual(destination.destinationAsset, usd)
            const quote = await startQuote({ plugin: sender, destination, sourceAsset: usd, ...wish })
            assert.equal(quote.maxPacketAmount, 50_000_000n)
            const receipt = await pay({ plugin: sender, destination, quote })
            await closeConnection(sender, destination)
            assert.equal(receipt.error, undefined)
            assert.equal(receipt.amountSent, amount)
            assert.equal(receipt.amountDelivered, amount)
            assert.equal(await balance(far, 'alice'), amount)
        } finally {
            await network.close()
        }
    })
}

test('A29-09: @interledger/pay delivers an amount in another currency', async () => {
    const network = await Network.create()
    try {
        const { far, sender } = await payingAndReceiving(network)
        const { destinationAccount, sharedSecret } = addressOf(bob, 'far')
        const destination = await setupPayment({ plugin: sender, destinationAddress: destinationAccount, sharedSecret })
        assert.deepEqual(destination.destinationAsset, eur)
        const prices = { USD: 1, EUR: 1.25 }
        const quote = await startQuote({
            plugin: sender,
            destination,
            sourceAsset: usd,
            amountToDeliver: 1_000_000n,
            prices,
            slippage: 0.01,
        })
        const receipt = await pay({ plugin: sender, destination, quote })
        await closeConnection(sender, destination)
        assert.equal(receipt.error, undefined)
        assert.ok(receipt.amountDelivered >= 1_000_000n)
        assert.equal(await balance(far, 'bob'), receipt.amountDelivered)
    } finally {
        await network.close()
    }
})
