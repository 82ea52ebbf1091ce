// JavaScript senders resolve payment pointers to accounts of the daemon, over HTTPS, and pay.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, test } from 'node:test'
import tls from 'node:tls'
import { Network, freePorts, peer, streamPay } from './support.mjs'

const require = createRequire(import.meta.url)
const { setupPayment, startQuote, pay, closeConnection } = require('@interledger/pay')
const { quote: quoteBy02 } = require('pay-0.2')

const usd = { code: 'USD', scale: 9 }
const amount = 3_000_000_000n

/** A certificate for alice.example that is its own authority. */
function certificateIn(directory) {
    const [cert, key] = ['alice.crt', 'alice.key'].map((name) => join(directory, name))
    execFileSync('openssl', [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '1'],
        ...['-subj', '/CN=alice.example', '-addext', 'subjectAltName=DNS:alice.example', '-keyout', key, '-out', cert],
    ], { stdio: 'ignore' })
    return { cert, key }
}

/** alice with an account of the same name and its payment pointer, and a peer that pays. */
async function payee(network) {
    const [port, senderPort, spspPort] = await freePorts(3)
    const { cert, key } = certificateIn(network.directory)
    const alice = await network.daemon('alice', {
        port,
        peers: [
            peer('sender', {
                address: 'test.alice.sender',
                port: senderPort,
                liquidity: 20_000_000_000,
                max_packet_amount: 50_000_000,
            }),
        ],
        accounts: [{ name: 'alice', asset: usd }],
        spsp: {
            enabled: true,
            listen: `127.0.0.1:${spspPort}`,
            certificate_file: cert,
            key_file: key,
            default_account: 'alice',
        },
    })
    const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: port })
    // What would be the look-up of the name, and the redirection of port 443.
    https.globalAgent.createConnection = ({ host }) =>
        tls.connect({ host: '127.0.0.1', port: spspPort, servername: host, ca: readFileSync(cert) })
    return { alice, sender }
}
after(() => delete https.globalAgent.createConnection)

const received = (daemon) => daemon.count('ilp_account_liquidity', { account: 'alice' })

for (const pointer of ['$alice.example/alice', '$alice.example']) {
    test(`A09-06 A26-01: @interledger/pay pays to ${pointer}`, async () => {
        const network = await Network.create()
        try {
            const { alice, sender } = await payee(network)
            const destination = await setupPayment({ plugin: sender, destinationAccount: pointer })
            assert.deepEqual(destination.destinationAsset, usd)
            const quote = await startQuote({ plugin: sender, destination, sourceAsset: usd, amountToSend: amount })
            const receipt = await pay({ plugin: sender, destination, quote })
            await closeConnection(sender, destination)
            assert.equal(receipt.error, undefined)
            assert.equal(receipt.amountDelivered, amount)
            assert.deepEqual(await alice.liquidity(), { sender: 20_000_000_000n - amount })
            assert.equal(await received(alice), Number(amount))
        } finally {
            await network.close()
        }
    })
}

test('A09-06 A26-01: @interledger/pay 0.2 pays to a payment pointer', async () => {
    const network = await Network.create()
    try {
        const { alice, sender } = await payee(network)
        // This version ends the plugin itself, which the network does as well.
        const plugin = Object.assign(Object.create(sender), { connect: async () => {}, disconnect: async () => {} })
        const quote = await quoteBy02({ plugin, paymentPointer: '$alice.example/alice', amountToSend: 3 })
        assert.equal(quote.destinationAccount.assetCode, usd.code)
        assert.equal(quote.destinationAccount.assetScale, usd.scale)
        const receipt = await quote.pay()
        assert.equal(receipt.error, undefined)
        assert.equal(String(receipt.amountSent), '3')
        assert.equal(String(receipt.amountDelivered), '3')
        assert.deepEqual(await alice.liquidity(), { sender: 20_000_000_000n - amount })
        assert.equal(await received(alice), Number(amount))
    } finally {
        await network.close()
    }
})

/** The JSON that an SPSP endpoint answers. */
const ask = (url) =>
    new Promise((resolve, reject) => {
        const headers = { accept: 'application/spsp4+json, application/spsp+json' }
        https.get(url, { headers }, (answer) => {
            let text = ''
            answer.on('data', (chunk) => (text += chunk))
            answer.on('end', () => resolve(JSON.parse(text)))
        }).on('error', reject)
    })

test('A09-04 A09-06: ilp-protocol-stream pays with the details of an SPSP answer', async () => {
    const network = await Network.create()
    try {
        const { alice, sender } = await payee(network)
        const details = await ask('https://alice.example/.well-known/pay')
        const sharedSecret = Buffer.from(details.shared_secret, 'base64')
        assert.equal(sharedSecret.toString('base64'), details.shared_secret)
        const credentials = { destinationAccount: details.destination_account, sharedSecret }
        assert.deepEqual(await streamPay(sender, credentials, amount), { sent: amount, delivered: amount })
        assert.equal(await received(alice), Number(amount))
    } finally {
        await network.close()
    }
})
