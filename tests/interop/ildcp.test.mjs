import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Network, freePorts, peer } from './support.mjs'

const require = createRequire(import.meta.url)
const ildcp = require('ilp-protocol-ildcp')

test('A31-01 A31-02 A31-17: ilp-protocol-ildcp learns the configured address and asset of each peer', async () => {
    const network = await Network.create()
    try {
        const [port, ...peerPorts] = await freePorts(4)
        const expected = [
            { clientAddress: 'test.alice.sender', assetCode: 'USD', assetScale: 9 },
            { clientAddress: 'test.elsewhere.~wallet.deep', assetCode: 'JPY', assetScale: 0 },
            { clientAddress: 'test.alice.shells', assetCode: '貝', assetScale: 255 },
        ]
        await network.daemon('alice', {
            port,
            assets: expected.map(({ assetCode, assetScale }) => ({ code: assetCode, scale: assetScale })),
            peers: expected.map(({ clientAddress, assetCode, assetScale }, index) =>
                peer(`peer-${index}`, {
                    address: clientAddress,
                    port: peerPorts[index],
                    asset: { code: assetCode, scale: assetScale },
                }),
            ),
        })

        for (const [index, details] of expected.entries()) {
            const plugin = await network.plugin({ name: `peer-${index}`, port: peerPorts[index], daemonPort: port })
            assert.deepEqual(await ildcp.fetch(plugin.sendData.bind(plugin)), details)
        }
    } finally {
        await network.close()
    }
})
