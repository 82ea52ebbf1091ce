// Pays with @interledger/pay, as a peer of a daemon, what the scenario `payments` compares with. The argument is an
// object in JSON; the result is another one, in a line on standard output.
import { createRequire } from 'node:module'
import { connectPlugin, disconnectPlugin } from '../interop/support.mjs'

const require = createRequire(new URL('../interop/package.json', import.meta.url))
const { setupPayment, startQuote, pay, closeConnection } = require('@interledger/pay')

const fulfill = 13
const { name, port, url, receiver, amount } = JSON.parse(process.argv[2])
const asset = { code: 'USD', scale: 9 }

const plugin = await connectPlugin({
    name,
    port,
    url,
    incomingToken: `to-${name}`,
    outgoingToken: `from-${name}`,
})
const sendData = plugin.sendData.bind(plugin)
let fulfilled = 0
let others = 0
plugin.sendData = async (prepare) => {
    const reply = await sendData(prepare)
    if (reply[0] === fulfill) fulfilled += 1
    else others += 1
    return reply
}

const answer = await fetch(receiver, { headers: { accept: 'application/spsp4+json' } })
const { destination_account: destinationAddress, shared_secret: sharedSecret } = await answer.json()

const begin = performance.now()
const destination = await setupPayment({ plugin, destinationAddress, sharedSecret: Buffer.from(sharedSecret, 'base64') })
const quote = await startQuote({ plugin, destination, sourceAsset: asset, amountToSend: BigInt(amount) })
const quoted = performance.now()
const receipt = await pay({ plugin, destination, quote })
const end = performance.now()
await closeConnection(plugin, destination)
await disconnectPlugin(plugin)
console.log(
    JSON.stringify({
        quote_ms: quoted - begin,
        seconds: (end - begin) / 1000,
        fulfilled,
        others,
        sent: String(receipt.amountSent),
        delivered: String(receipt.amountDelivered),
        error: receipt.error ?? '',
    }),
)
process.exit(0)
