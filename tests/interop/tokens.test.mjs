// Tokens that ilp-plugin-http signs and verifies (jwtSecret), in both directions.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Network, disconnectPlugin, freePorts, fulfillAll, send } from './support.mjs'

const require = createRequire(import.meta.url)
const PluginHttp = require('ilp-plugin-http')
const jwt = require('jsonwebtoken')

const theirSecret = 'the secret of ilp-plugin-http'.replaceAll(' ', '-')
const ourSecret = 'the secret of ilpd'.replaceAll(' ', '-')

/** A daemon with one peer whose tokens are signed in both directions, and that peer. */
async function signing(network, options = {}) {
    const [port, pluginPort] = await freePorts(2)
    const alice = await network.daemon('alice', {
        port,
        peers: [
            {
                name: 'bob',
                ilp_address: 'test.alice.bob',
                asset: { code: 'USD', scale: 9 },
                initial_liquidity: 1_000_000,
                return_to_source: true,
                http: {
                    incoming: { jwt_secrets: [theirSecret] },
                    outgoing: { endpoint: `http://127.0.0.1:${pluginPort}/`, jwt_secret: ourSecret },
                },
            },
        ],
    })
    const plugin = new PluginHttp({
        incoming: { port: pluginPort, jwtSecret: ourSecret },
        outgoing: { url: `http://127.0.0.1:${port}/ilp`, jwtSecret: theirSecret, name: 'bob', ...options },
    })
    await plugin.connect()
    plugin._app.silent = true
    return { alice, plugin, port }
}

test('A35-06 A35-10: tokens that ilp-plugin-http signs are accepted, and it accepts ours', async () => {
    const network = await Network.create()
    try {
        const { plugin } = await signing(network)
        try {
            const seen = fulfillAll(plugin)
            for (let i = 0; i < 20; ++i) {
                const { reply } = await send(plugin, { destination: 'test.alice.bob.x' })
                assert.ok(reply.fulfillment, `${reply.code} ${reply.message}`)
            }
            assert.equal(seen.length, 20)
        } finally {
            await disconnectPlugin(plugin)
        }
    } finally {
        await network.close()
    }
})

test('A35-10: what jsonwebtoken signs otherwise is refused', async () => {
    const network = await Network.create()
    try {
        const { plugin, port } = await signing(network)
        try {
            const status = async (token) => {
                const answer = await fetch(`http://127.0.0.1:${port}/ilp`, {
                    method: 'POST',
                    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
                    body: Buffer.from([12, 0]),
                })
                await answer.arrayBuffer()
                return answer.status
            }
            const now = Math.floor(Date.now() / 1000)
            const sign = (claims, options) => jwt.sign(claims, theirSecret, options)
            // The body is no Prepare, which is noticed only after the token was accepted.
            assert.notEqual(await status(sign({}, { expiresIn: 60 })), 401)
            assert.notEqual(await status(sign({ sub: 'bob', nbf: now + 30 }, { expiresIn: 60 })), 401)
            assert.equal(await status(sign({ exp: now - 1 })), 401)
            assert.equal(await status(sign({ nbf: now + 90, exp: now + 300 })), 401)
            assert.equal(await status(sign({})), 401)
            assert.equal(await status(sign({ exp: now + 60 }, { algorithm: 'HS384' })), 401)
            assert.equal(await status(sign({ exp: now + 60 }, { algorithm: 'HS512' })), 401)
            assert.equal(await status(jwt.sign({ exp: now + 60 }, '', { algorithm: 'none' })), 401)
            assert.equal(await status(jwt.sign({ exp: now + 60 }, 'another secret')), 401)
            assert.equal(await status(sign({ exp: now + 60, aud: 'test.bob' })), 401)
        } finally {
            await disconnectPlugin(plugin)
        }
    } finally {
        await network.close()
    }
})
