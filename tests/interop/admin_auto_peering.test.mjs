// createOrUpdatePeerByUrl of the Admin API: two daemons that become each other's peers.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Admin, uuidV4 } from './admin_support.mjs'
import { freePorts } from './support.mjs'

const fields = `id name staticIlpAddress maxPacketAmount liquidity liquidityThreshold asset { id }
    http { outgoing { endpoint } }`

let alice
let bob
let bobUrl
let usd

before(async () => {
    const [alicePort, bobPort, bobPeering] = await freePorts(3)
    const auto_peering = (port) => ({
        connector_url: `http://127.0.0.1:${port}/ilp`,
        allow_private_addresses: true,
        request_rate_per_address: 0,
    })
    alice = await Admin.start({ name: 'alice', port: alicePort, signs: 'the-secret-of-alice', auto_peering: auto_peering(alicePort) })
    bob = await Admin.start({
        name: 'bob',
        port: bobPort,
        auto_peering: { ...auto_peering(bobPort), enabled: true, listen: `127.0.0.1:${bobPeering}`, name: 'Bob' },
    })
    bobUrl = `http://127.0.0.1:${bobPeering}/`
    usd = await alice.query('{ assetByCodeAndScale(code: "USD", scale: 9) { id } }')
})

after(async () => {
    await alice?.close()
    await bob?.close()
})

const name = 'createOrUpdatePeerByUrl'

test('each becomes the other one\'s peer, once per idempotency key; asked again, terms are updated', async () => {
    const input = {
        peerUrl: bobUrl, assetId: usd.id, liquidityToDeposit: '100', maxPacketAmount: 50, liquidityThreshold: 10,
        idempotencyKey: randomUUID(),
    }
    const { peer, ...old } = await alice.mutate(name, input, `code success message peer { ${fields} }`)
    assert.deepEqual([old.code, old.success], ['200', true])
    assert.ok(old.message)
    assert.match(peer.id, uuidV4)
    assert.deepEqual(peer, {
        id: peer.id, name: 'Bob', staticIlpAddress: 'test.bob', maxPacketAmount: '50', liquidity: '100',
        liquidityThreshold: '10', asset: { id: usd.id },
        http: { outgoing: { endpoint: `http://127.0.0.1:${bob.port}/ilp` } },
    })
    const ofBob = async () => (await bob.query(`{ peers { edges { node { ${fields} } } } }`)).edges.map(({ node }) => node)
    const [known, ...others] = await ofBob()
    assert.deepEqual(others, [])
    assert.deepEqual(
        [known.staticIlpAddress, known.liquidity, known.http.outgoing.endpoint],
        ['test.alice', '0', `http://127.0.0.1:${alice.port}/ilp`],
    )

    assert.deepEqual((await alice.mutate(name, input, `peer { ${fields} }`)).peer, peer)
    assert.equal(await alice.liquidityOfPeer(peer.id), '100')

    const again = { peerUrl: bobUrl, assetId: usd.id, name: 'My Bob', liquidityToDeposit: 1 }
    const updated = await alice.mutate(name, again, `peer { ${fields} }`)
    assert.deepEqual(updated.peer, { ...peer, name: 'My Bob', liquidity: '101' })
    assert.equal((await ofBob()).length, 1)

    // Both take each other's packets: the tokens fit.
    const ping = (admin, address) => admin.mutate('ping', { address }, 'reached code message')
    for (const [admin, address] of [[alice, 'test.bob'], [bob, 'test.alice']]) {
        const answer = await ping(admin, address)
        assert.ok(answer.reached || answer.code, JSON.stringify(answer))
    }
})

test('refusals', async () => {
    const input = { peerUrl: bobUrl, assetId: usd.id }
    for (const assetId of [randomUUID(), 'none']) {
        await alice.refuses(name, { ...input, assetId }, 'Unknown asset', 'NOT_FOUND')
    }
    const other = await alice.newAsset({ code: 'ALC' })
    await alice.refuses(name, { ...input, assetId: other.id }, 'Peer does not support asset', 'BAD_USER_INPUT')
    const invalid = 'Peer URL is invalid or peer does not support auto-peering'
    const [nobody] = await freePorts(1)
    await alice.refuses(name, { ...input, peerUrl: `http://127.0.0.1:${nobody}/` }, invalid, 'NOT_FOUND')
    for (const peerUrl of ['', 'no url', 'ftp://127.0.0.1/']) {
        const error = await alice.mutate(name, { ...input, peerUrl }).catch((failure) => failure)
        const [{ message, extensions }] = error.response.errors
        assert.ok(message.startsWith(invalid), message)
        assert.equal(extensions.code, 'NOT_FOUND')
    }
    await alice.refuses(name, { ...input, peerUrl: bob.url }, invalid, 'NOT_FOUND')
})

test('a node that refuses, and one whose response is invalid', async () => {
    let answer
    const node = createServer(async (request, response) => {
        await request.toArray()
        response.writeHead(answer.status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer.body))
    })
    node.listen(0, '127.0.0.1')
    await once(node, 'listening')
    try {
        const input = { peerUrl: `http://127.0.0.1:${node.address().port}/`, assetId: usd.id }
        const error = (status, type) => ({ status, body: { error: { code: String(status), message: 'no', type } } })
        const invalid = 'Peer URL is invalid or peer does not support auto-peering'
        for (const [said, message, code] of [
            [error(404, 'UnknownAsset'), 'Peer does not support asset', 'BAD_USER_INPUT'],
            [error(400, 'InvalidPeerIlpConfiguration'), 'Invalid peering request', 'BAD_USER_INPUT'],
            [error(400, 'InvalidPeeringRequest'), 'Invalid peering request', 'BAD_USER_INPUT'],
            [{ status: 404, body: 'not found' }, invalid, 'NOT_FOUND'],
            [{ status: 200, body: {} }, invalid, 'NOT_FOUND'],
            [{ status: 302, body: {} }, invalid, 'NOT_FOUND'],
        ]) {
            answer = said
            await alice.refuses(name, input, message, code)
        }
    } finally {
        node.closeAllConnections()
        node.close()
    }
})

test('while a node is asked, the idempotency key is taken; a refusal leaves it free', async () => {
    const asked = []
    const node = createServer(async (request, response) => {
        asked.push(JSON.parse(Buffer.concat(await request.toArray())))
        node.emit('asked', response)
    })
    node.listen(0, '127.0.0.1')
    await once(node, 'listening')
    const answer = (response, status, body) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
    }
    try {
        const idempotencyKey = randomUUID()
        const input = { peerUrl: `http://127.0.0.1:${node.address().port}/`, assetId: usd.id, idempotencyKey }
        const ask = async () => {
            const arrived = once(node, 'asked')
            const answered = alice.mutate(name, input, 'peer { id staticIlpAddress http { outgoing { authToken } } }')
            answered.catch(() => {}) // looked at below
            return { answered, response: (await arrived)[0] }
        }
        const concurrent = `Concurrent request for idempotencyKey: ${idempotencyKey}`
        const refused = await ask()
        await alice.refuses(name, input, concurrent, 'CONFLICT')
        answer(refused.response, 400, { error: { code: '400', message: 'no', type: 'InvalidPeeringRequest' } })
        await assert.rejects(refused.answered, /Invalid peering request/)

        const taken = await ask()
        for (let i = 0; i < 3; ++i) await alice.refuses(name, input, concurrent, 'CONFLICT')
        answer(taken.response, 200, {
            staticIlpAddress: 'test.carol', ilpConnectorUrl: 'http://127.0.0.1:9/', httpToken: 'a-token-of-carol-1234567890',
            name: 'Carol',
        })
        const { peer } = await taken.answered
        assert.equal(peer.staticIlpAddress, 'test.carol')
        assert.equal(asked.length, 2)
        assert.equal(peer.http.outgoing.authToken, asked[1].httpToken)
        const again = await alice.mutate(name, input, 'peer { id }')
        assert.deepEqual(again, { peer: { id: peer.id } })
        assert.equal(asked.length, 2)
    } finally {
        node.closeAllConnections()
        node.close()
    }
})
