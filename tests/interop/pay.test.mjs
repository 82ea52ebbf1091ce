import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Network, daemonPeer, freePorts, peer, statelessReceiver, streamReceiver } from './support.mjs'

const require = createRequire(import.meta.url)
const { setupPayment, startQuote, pay, closeConnection } = require('@interledger/pay')

const asset = { code: 'USD', scale: 9 }

/** alice and bob, a paying peer at alice and a receiving one at bob. */
async function twoDaemons(network, maxPacketAmount) {
    const [alicePort, bobPort, senderPort, receiverPort] = await freePorts(4)
    const alice = await network.daemon('alice', {
        port: alicePort,
        peers: [
            peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 20_000_000_000 }),
            daemonPeer('alice', 'bob', { port: bobPort, max_packet_amount: maxPacketAmount }),
        ],
    })
    const bob = await network.daemon('bob', {
        port: bobPort,
        peers: [
            daemonPeer('bob', 'alice', { port: alicePort, liquidity: 10_000_000_000 }),
            peer('receiver', { address: 'test.bob.receiver', port: receiverPort }),
        ],
    })
    const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: alicePort })
    const receiver = await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: bobPort })
    return { alice, bob, sender, receiver }
}

for (const amount of [{ amountToSend: 3_000_000_000n }, { amountToDeliver: 3_000_000_000n }]) {
    test(`A27-35: @interledger/pay quotes and pays a stream-receiver, ${Object.keys(amount)[0]}`, async () => {
        const network = await Network.create()
        try {
            const { alice, bob, sender, receiver } = await twoDaemons(network, 50_000_000)
            const server = statelessReceiver(receiver, 'test.bob.receiver')
            const { ilpAddress, sharedSecret } = server.credentials()

            const destination = await setupPayment({
                plugin: sender,
                destinationAddress: ilpAddress,
                sharedSecret,
            })
            assert.deepEqual(destination.destinationAsset, asset)
            const quote = await startQuote({ plugin: sender, destination, sourceAsset: asset, ...amount })
            assert.equal(quote.maxPacketAmount, 50_000_000n)
            assert.equal(quote.lowEstimatedExchangeRate.valueOf(), 1)
            const receipt = await pay({ plugin: sender, destination, quote })
            await closeConnection(sender, destination)

            assert.equal(receipt.error, undefined)
            assert.equal(receipt.amountSent, 3_000_000_000n)
            assert.equal(receipt.amountDelivered, 3_000_000_000n)
            assert.equal(server.received(), 3_000_000_000n)
            assert.deepEqual(await alice.liquidity(), { sender: 17_000_000_000n, bob: 3_000_000_000n })
            assert.deepEqual(await bob.liquidity(), { alice: 7_000_000_000n, receiver: 3_000_000_000n })
        } finally {
            await network.close()
        }
    })
}

test('A27-16: @interledger/pay pays a server of ilp-protocol-stream', async () => {
    const network = await Network.create()
    try {
        const { alice, bob, sender, receiver } = await twoDaemons(network, 400_000_000)
        const server = await streamReceiver(receiver)
        const { destinationAccount, sharedSecret } = server.credentials()

        const destination = await setupPayment({
            plugin: sender,
            destinationAddress: destinationAccount,
            sharedSecret,
        })
        const quote = await startQuote({
            plugin: sender,
            destination,
            sourceAsset: asset,
            amountToSend: 3_000_000_000n,
        })
        const receipt = await pay({ plugin: sender, destination, quote })
        await closeConnection(sender, destination)

        assert.equal(receipt.error, undefined)
        assert.equal(receipt.amountSent, 3_000_000_000n)
        assert.equal(receipt.amountDelivered, 3_000_000_000n)
        assert.equal(server.received(), 3_000_000_000n)
        assert.deepEqual(await alice.liquidity(), { sender: 17_000_000_000n, bob: 3_000_000_000n })
        assert.deepEqual(await bob.liquidity(), { alice: 7_000_000_000n, receiver: 3_000_000_000n })
    } finally {
        await network.close()
    }
})
