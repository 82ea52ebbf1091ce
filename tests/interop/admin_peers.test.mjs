// Peers of the Admin API, as graphql-request sees them, and what packets make of them.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Admin, eventually, isoTime, largest, uuidV4 } from './admin_support.mjs'
import { fulfillAll, freePorts, peer, send } from './support.mjs'

const operator = '00000000-0000-4000-8000-000000000001'

const fields = `id maxPacketAmount http { outgoing { authToken endpoint } } asset { id code scale } staticIlpAddress
    name liquidityThreshold liquidity createdAt routes tenant { id } tenantId enabled origin`
const byId = `query ($id: String!) { peer(id: $id) { ${fields} } }`
const byAddress = `query ($staticIlpAddress: String!, $assetId: String!) {
    peerByAddressAndAsset(staticIlpAddress: $staticIlpAddress, assetId: $assetId) { id } }`

const http = (tokens = [randomUUID()]) => ({
    incoming: { authTokens: tokens },
    outgoing: { authToken: 'to-the-peer', endpoint: 'http://127.0.0.1:9/' },
})

let admin
let usd
let filePort

before(async () => {
    ;[filePort] = await freePorts(1)
    // Only responses to signed requests contain tokens.
    admin = await Admin.start({ signs: 'the-secret-of-the-operator', peers: [peer('filed', { address: 'test.filed', port: filePort })] })
    usd = await admin.query('{ assetByCodeAndScale(code: "USD", scale: 9) { id } }')
})

after(() => admin?.close())

/** Posts bytes that are not a Prepare with a token: 401 if no peer has that token. */
async function statusOf(token) {
    const answer = await fetch(`http://127.0.0.1:${admin.port}/ilp`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
        body: 'no packet',
    })
    await answer.arrayBuffer()
    return answer.status
}

test('the three operations of the peering guide, word for word', async () => {
    const create = `mutation CreatePeer($input: CreatePeerInput!) {
  createPeer(input: $input) { code success message peer { id asset { code scale } staticIlpAddress name } }
}`
    const update = `mutation UpdatePeer($input: UpdatePeerInput!) {
  updatePeer(input: $input) { peer { id name http { outgoing { authToken endpoint } } maxPacketAmount liquidityThreshold } }
}`
    const remove = `mutation DeletePeer($input: DeletePeerInput!) { deletePeer(input: $input) { success } }`

    const input = { staticIlpAddress: 'test.guide', http: http(), assetId: usd.id, name: 'Guide' }
    const { createPeer } = await admin.ask(create, { input })
    const { id } = createPeer.peer
    assert.match(id, uuidV4)
    assert.deepEqual(createPeer, {
        code: '200',
        success: true,
        message: 'Created ILP Peer',
        peer: { id, asset: { code: 'USD', scale: 9 }, staticIlpAddress: 'test.guide', name: 'Guide' },
    })
    const outgoing = { authToken: 'another', endpoint: 'http://127.0.0.1:99/there' }
    const edit = { id, name: 'Guided', http: { outgoing }, maxPacketAmount: 1000, liquidityThreshold: 2000 }
    const { updatePeer } = await admin.ask(update, { input: edit })
    assert.deepEqual(updatePeer, {
        peer: { id, name: 'Guided', http: { outgoing }, maxPacketAmount: '1000', liquidityThreshold: '2000' },
    })
    assert.deepEqual(await admin.ask(remove, { input: { id } }), { deletePeer: { success: true } })
    await admin.refusesQuery(byId, { id }, 'unknown peer', 'NOT_FOUND')
})

test('createPeer answers with the peer, which queries find', async () => {
    const input = {
        staticIlpAddress: 'test.whole',
        assetId: usd.id,
        http: http(['a', 'b']),
        name: 'Whole',
        maxPacketAmount: '18446744073709551615',
        liquidityThreshold: 100,
        initialLiquidity: '5000',
        routes: ['test.more', 'test.behind.whole'],
    }
    const { peer: made, ...old } = await admin.mutate('createPeer', input, `code success message peer { ${fields} }`)
    assert.deepEqual(old, { code: '200', success: true, message: 'Created ILP Peer' })
    const { id, createdAt, routes, ...terms } = made
    assert.match(id, uuidV4)
    assert.match(createdAt, isoTime)
    assert.deepEqual([...routes].sort(), ['test.behind.whole', 'test.more', 'test.whole'])
    assert.deepEqual(terms, {
        maxPacketAmount: largest,
        http: { outgoing: input.http.outgoing },
        asset: { id: usd.id, code: 'USD', scale: 9 },
        staticIlpAddress: 'test.whole',
        name: 'Whole',
        liquidityThreshold: '100',
        liquidity: '5000',
        tenant: { id: operator },
        tenantId: operator,
        enabled: true,
        origin: 'API',
    })
    assert.deepEqual(await admin.query(byId, { id }), made)
    assert.deepEqual(await admin.query(byId, { id: id.toUpperCase() }), made)
})

test('optional fields of a peer may be omitted', async () => {
    const input = { staticIlpAddress: 'test.bare', assetId: usd.id, http: { outgoing: http().outgoing } }
    const { peer: made } = await admin.mutate('createPeer', input, `peer { ${fields} }`)
    assert.deepEqual(
        [made.name, made.maxPacketAmount, made.liquidityThreshold, made.liquidity, made.routes],
        [null, null, null, '0', ['test.bare']],
    )
})

test('unknown peers', async () => {
    for (const id of [randomUUID(), 'no-uuid', '', "'; DROP TABLE peers; --"]) {
        await admin.refusesQuery(byId, { id }, 'unknown peer', 'NOT_FOUND')
        await admin.refuses('updatePeer', { id }, 'unknown peer', 'NOT_FOUND')
        await admin.refuses('deletePeer', { id }, 'unknown peer', 'NOT_FOUND')
        await admin.refuses('setPeerEnabled', { id, enabled: true }, 'unknown peer', 'NOT_FOUND')
    }
})

const faults = [
    ...['', 'test', 'nowhere.peer', 'test.sp ace', 'test..peer', `test.${'x'.repeat(1020)}`, 'test.alice'].map(
        (staticIlpAddress) => [{ staticIlpAddress }, /^invalid ILP address: /, 'BAD_USER_INPUT'],
    ),
    ...['', 'no-url', 'ftp://peer.example/', 'http://', 'http://peer.example:99999/'].map((endpoint) => [
        { http: { outgoing: { authToken: 'token', endpoint } } },
        /^invalid HTTP endpoint: /,
        'BAD_USER_INPUT',
    ]),
    [{ http: { ...http(['twice', 'twice']) } }, 'duplicate incoming token', 'DUPLICATE'],
    [{ http: { ...http(['mine', 'taken']) } }, 'duplicate incoming token', 'DUPLICATE'],
    [{ http: { ...http(['from-filed']) } }, 'duplicate incoming token', 'DUPLICATE'],
    [{ staticIlpAddress: 'test.taken' }, 'duplicate peer found for same ILP address and asset', 'DUPLICATE'],
    [{ staticIlpAddress: 'test.filed' }, 'duplicate peer found for same ILP address and asset', 'DUPLICATE'],
]

test('refusals of createPeer and updatePeer, which change nothing', async () => {
    await admin.newPeer({ staticIlpAddress: 'test.taken', assetId: usd.id, tokens: ['taken'] })
    const good = { staticIlpAddress: 'test.good', assetId: usd.id, http: http(['good']), name: 'Good' }
    const count = async () => (await admin.query('{ node { peers } }')).peers
    const countBefore = await count()
    for (const [terms, message, code] of faults) {
        await admin.refuses('createPeer', { ...good, ...terms }, message, code)
    }
    for (const assetId of [randomUUID(), 'no-uuid', '']) {
        await admin.refuses('createPeer', { ...good, assetId }, 'unknown asset', 'NOT_FOUND')
    }
    assert.equal(await count(), countBefore)

    const { peer: made } = await admin.mutate('createPeer', good, `peer { ${fields} }`)
    for (const [terms, message, code] of faults) {
        await admin.refuses('updatePeer', { id: made.id, name: 'Changed', ...terms }, message, code)
    }
    assert.deepEqual(await admin.query(byId, { id: made.id }), made)
})

test('a liquidity that the account cannot represent is refused, and no peer is made', async () => {
    const { id: assetId } = await admin.newAsset()
    await admin.newPeer({ staticIlpAddress: 'test.rich', assetId, initialLiquidity: largest })
    const input = { staticIlpAddress: 'test.richer', assetId, http: http() }
    for (const [initialLiquidity, was] of [[String(2n ** 63n), 'kept'], [largest, 'kept']]) {
        const { peer: made } = await admin.mutate('createPeer', { ...input, initialLiquidity }, 'peer { id liquidity }')
        assert.equal(made.liquidity, initialLiquidity, was)
        await admin.withdraw(made.id, initialLiquidity)
        await admin.mutate('deletePeer', { id: made.id })
    }
})

test('one ILP address may stand for a peer in each asset', async () => {
    const other = await admin.newAsset()
    const first = await admin.newPeer({ staticIlpAddress: 'test.both', assetId: usd.id })
    const second = await admin.newPeer({ staticIlpAddress: 'test.both', assetId: other.id })
    const find = async (assetId) => await admin.query(byAddress, { staticIlpAddress: 'test.both.below', assetId })
    assert.deepEqual(await find(usd.id), { id: first.id })
    assert.deepEqual(await find(other.id), { id: second.id })
})

test('peerByAddressAndAsset finds by the longest prefix of the routing table', async () => {
    const { id: assetId } = await admin.newAsset()
    const short = await admin.newPeer({ staticIlpAddress: 'test.p', assetId, routes: ['test.p.q.r'] })
    const long = await admin.newPeer({ staticIlpAddress: 'test.p.q', assetId })
    const find = (staticIlpAddress) => admin.query(byAddress, { staticIlpAddress, assetId })
    assert.deepEqual(await find('test.p'), { id: short.id })
    assert.deepEqual(await find('test.p.other'), { id: short.id })
    assert.deepEqual(await find('test.p.q'), { id: long.id })
    assert.deepEqual(await find('test.p.q.other'), { id: long.id })
    assert.deepEqual(await find('test.p.q.r.other'), { id: short.id })
    assert.equal(await find('test.nobody-here'), null)
    assert.equal(await find('no address'), null)
    for (const unknown of [randomUUID(), 'no-uuid']) {
        assert.equal(await admin.query(byAddress, { staticIlpAddress: 'test.p', assetId: unknown }), null)
    }
})

test('updatePeer changes only the given fields', async () => {
    const { id } = await admin.newPeer({
        staticIlpAddress: 'test.edit', assetId: usd.id, name: 'Edit', maxPacketAmount: 1, liquidityThreshold: 2,
        routes: ['test.edit-too'],
    })
    let wanted = await admin.query(byId, { id })
    const update = async (edit, expected) => {
        const selection = `code success message peer { ${fields} }`
        const { peer: made, ...old } = await admin.mutate('updatePeer', { id, ...edit }, selection)
        assert.deepEqual(old, { code: '200', success: true, message: 'Updated ILP Peer' })
        wanted = { ...wanted, ...expected }
        assert.deepEqual(made, wanted)
        assert.deepEqual(await admin.query(byId, { id }), wanted)
    }
    await update({}, {})
    await update({ name: 'Other' }, { name: 'Other' })
    await update({ maxPacketAmount: largest }, { maxPacketAmount: largest })
    await update({ liquidityThreshold: String(2n ** 63n) }, { liquidityThreshold: String(2n ** 63n) })
    await update({ routes: [] }, { routes: ['test.edit'] })
    await update({ staticIlpAddress: 'test.edited' }, { staticIlpAddress: 'test.edited', routes: ['test.edited'] })
    const outgoing = { authToken: 'new', endpoint: 'http://127.0.0.1:9/new' }
    await update({ http: { outgoing } }, { http: { outgoing } })
})

test('tokens given to updatePeer replace all old ones', async () => {
    const { id } = await admin.newPeer({ staticIlpAddress: 'test.tokens', assetId: usd.id, tokens: ['old-1', 'old-2'] })
    const statuses = async () => Promise.all(['old-1', 'old-2', 'new-1'].map(statusOf))
    assert.deepEqual(await statuses(), [400, 400, 401])
    await admin.mutate('updatePeer', { id, http: { outgoing: http().outgoing } }) // none are given
    assert.deepEqual(await statuses(), [400, 400, 401])
    await admin.mutate('updatePeer', { id, http: http(['new-1']) })
    assert.deepEqual(await statuses(), [401, 401, 400])
    await admin.mutate('updatePeer', { id, http: http(['new-1', 'old-2']) })
    assert.deepEqual(await statuses(), [401, 400, 400])
    await admin.mutate('updatePeer', { id, http: http([]) })
    assert.deepEqual(await statuses(), [401, 401, 401])
})

test('routes are validated, and belong to one peer of an asset', async () => {
    const { id: assetId } = await admin.newAsset()
    const first = await admin.newPeer({ staticIlpAddress: 'test.r1', assetId, routes: ['test.r1.extra'] })
    const second = await admin.newPeer({ staticIlpAddress: 'test.r2', assetId })
    const input = { staticIlpAddress: 'test.r3', assetId, http: http() }
    const expected = 'BAD_USER_INPUT'
    for (const route of ['no route', 'test..x', 'TEST.x', 'nowhere.x', `test.${'x'.repeat(1020)}`]) {
        for (const [name, with_] of [['createPeer', input], ['updatePeer', { id: second.id }]]) {
            const error = await admin.mutate(name, { ...with_, routes: [route] }).catch((failure) => failure)
            assert.match(error.response.errors[0].message, /^invalid route '/)
            assert.equal(error.response.errors[0].extensions.code, expected)
        }
    }
    await admin.refuses(
        'createPeer', { ...input, routes: ['test.alice'] },
        "invalid route 'test.alice': it is this node's own address", 'BAD_USER_INPUT',
    )
    for (const taken of ['test.r1', 'test.r1.extra']) {
        const message = `duplicate route '${taken}': it belongs to peer ${first.id}`
        await admin.refuses('createPeer', { ...input, routes: [taken] }, message, 'DUPLICATE')
        await admin.refuses('updatePeer', { id: second.id, routes: [taken] }, message, 'DUPLICATE')
    }
    assert.deepEqual((await admin.query(byId, { id: second.id })).routes, ['test.r2'])
})

test('updatePeer with a new address routes the new one, and not the old one', async () => {
    const { plugin: sender } = await admin.newPlugin('mover-sender', {
        staticIlpAddress: 'test.mover-sender', assetId: usd.id, initialLiquidity: 1000,
    })
    const { peer: made, plugin } = await admin.newPlugin('mover', { staticIlpAddress: 'test.before', assetId: usd.id })
    const seen = fulfillAll(plugin)
    assert.ok((await send(sender, { destination: 'test.before.x' })).reply.fulfillment)
    await admin.mutate('updatePeer', { id: made.id, staticIlpAddress: 'test.after' })
    assert.ok((await send(sender, { destination: 'test.after.x' })).reply.fulfillment)
    const { reply } = await send(sender, { destination: 'test.before.x' })
    assert.equal(reply.code, 'F02')
    assert.deepEqual(seen.map(({ destination }) => destination), ['test.before.x', 'test.after.x'])
    const again = await admin.newPeer({ staticIlpAddress: 'test.before', assetId: usd.id }) // it is free again
    await admin.refuses(
        'updatePeer', { id: made.id, staticIlpAddress: 'test.before' },
        'duplicate peer found for same ILP address and asset', 'DUPLICATE',
    )
    await admin.mutate('deletePeer', { id: again.id })
    await admin.mutate('updatePeer', { id: made.id, staticIlpAddress: 'test.before' })
})

test('maxPacketAmount applies at once, and an update removes it', async () => {
    const { peer: made, plugin: sender } = await admin.newPlugin('max', {
        staticIlpAddress: 'test.max', assetId: usd.id, initialLiquidity: 1000, maxPacketAmount: 10,
    })
    const { plugin } = await admin.newPlugin('max-receiver', { staticIlpAddress: 'test.max-r', assetId: usd.id })
    fulfillAll(plugin)
    const { reply } = await send(sender, { destination: 'test.max-r', amount: 11 })
    assert.equal(reply.code, 'F08')
    await admin.mutate('updatePeer', { id: made.id, maxPacketAmount: 11 })
    assert.ok((await send(sender, { destination: 'test.max-r', amount: 11 })).reply.fulfillment)
})

test('deletePeer: its addresses and tokens are free, and packets are refused', async () => {
    const input = { staticIlpAddress: 'test.leaves', assetId: usd.id, http: http(['leaves']) }
    const { peer: made } = await admin.mutate('createPeer', input, 'peer { id }')
    assert.equal(await statusOf('leaves'), 400)
    assert.deepEqual(await admin.mutate('deletePeer', { id: made.id }, 'code success message'), {
        code: '200', success: true, message: 'Deleted ILP Peer',
    })
    assert.equal(await statusOf('leaves'), 401)
    await admin.refuses('deletePeer', { id: made.id }, 'unknown peer', 'NOT_FOUND')
    await admin.refuses('updatePeer', { id: made.id }, 'unknown peer', 'NOT_FOUND')
    const { peer: again } = await admin.mutate('createPeer', input, 'peer { id }')
    assert.notEqual(again.id, made.id)
})

test('deletePeer takes back deposits, and is refused for ever after a payment', async () => {
    const rich = await admin.newPeer({ staticIlpAddress: 'test.has', assetId: usd.id, initialLiquidity: 7 })
    await admin.deposit(rich.id, 1)
    const pending = await admin.withdraw(rich.id, 2, { timeoutSeconds: 60 })
    await admin.refuses('deletePeer', { id: rich.id }, /a withdrawal of its liquidity is pending/, 'FORBIDDEN')
    await admin.mutate('voidLiquidityWithdrawal', { withdrawalId: pending, idempotencyKey: randomUUID() })
    await admin.mutate('deletePeer', { id: rich.id })
    await admin.refusesQuery(byId, { id: rich.id }, 'unknown peer', 'NOT_FOUND')

    const history =
        'Cannot delete! There have been payments from or to the peer, and their history must be kept: ' +
        'disable the peer instead, and withdraw what is left of its liquidity'
    const from = await admin.newPlugin('from', {
        staticIlpAddress: 'test.from', assetId: usd.id, initialLiquidity: 5,
    })
    const to = await admin.newPlugin('to', { staticIlpAddress: 'test.to', assetId: usd.id })
    fulfillAll(to.plugin)
    assert.ok((await send(from.plugin, { destination: 'test.to', amount: 5 })).reply.fulfillment)
    await eventually(() => admin.liquidityOfPeer(to.peer.id), (amount) => amount === '5')
    await admin.withdraw(to.peer.id, 5)
    for (const { peer: one } of [from, to]) {
        assert.equal(await admin.liquidityOfPeer(one.id), '0')
        await admin.refuses('deletePeer', { id: one.id }, history, 'FORBIDDEN')
    }
    await admin.daemon.restart()
    for (const { peer: one } of [from, to]) await admin.refuses('deletePeer', { id: one.id }, history, 'FORBIDDEN')
})

test('a peer of the file can be changed only there', async () => {
    const { edges } = await admin.query(`{ peers(first: 100) { edges { node { ${fields} } } } }`)
    const { node } = edges.find(({ node: { name } }) => name === 'filed')
    assert.equal(node.origin, 'FILE')
    const message = 'peer filed is defined in the configuration file: change it there, then reload'
    await admin.refuses('updatePeer', { id: node.id, name: 'Mine' }, message, 'FORBIDDEN')
    await admin.refuses('deletePeer', { id: node.id }, message, 'FORBIDDEN')
    assert.deepEqual(await admin.query(byId, { id: node.id }), node)
    assert.deepEqual(await admin.deposit(node.id, 1), { success: true }) // liquidity is no setting
})

test('setPeerEnabled disables and enables a peer at once, also one of the file, and across a restart', async () => {
    const { peer: made, plugin: sender } = await admin.newPlugin('switch', {
        staticIlpAddress: 'test.switch', assetId: usd.id, initialLiquidity: 1000,
    })
    const filed = await admin.query(byAddress, { staticIlpAddress: 'test.filed', assetId: usd.id })
    fulfillAll(await admin.network.plugin({ name: 'filed', port: filePort, daemonPort: admin.port }))
    const codeOf = async () => (await send(sender, { destination: 'test.filed.x' })).reply.code
    const set = async (id, enabled) => {
        const selection = 'peer { id enabled }'
        assert.deepEqual(await admin.mutate('setPeerEnabled', { id, enabled }, selection), { peer: { id, enabled } })
        assert.equal((await admin.query(byId, { id })).enabled, enabled)
    }
    assert.equal(await codeOf(), undefined)
    for (const [id, code] of [[made.id, 'T00'], [filed.id, 'T01']]) {
        await set(id, false)
        assert.equal(await codeOf(), code)
        await set(id, false)
        assert.equal(await codeOf(), code)
        await admin.daemon.restart()
        assert.equal(await codeOf(), code)
        await set(id, true)
        assert.equal(await codeOf(), undefined)
    }
})

test('more than 20 peers all have their routes after a restart', async () => {
    const { id: assetId } = await admin.newAsset()
    const { plugin: sender } = await admin.newPlugin('many-sender', {
        staticIlpAddress: 'test.many-sender', assetId, initialLiquidity: 1000,
    })
    const { peer: oldest, plugin } = await admin.newPlugin('many-oldest', { staticIlpAddress: 'test.many-oldest', assetId })
    fulfillAll(plugin)
    const addresses = Array.from({ length: 45 }, (_, index) => `test.many.${index}`)
    const made = []
    for (const staticIlpAddress of addresses) {
        made.push(await admin.newPeer({ staticIlpAddress, assetId, routes: [`${staticIlpAddress}-too`] }))
    }
    await admin.daemon.restart()
    for (const [index, staticIlpAddress] of addresses.entries()) {
        for (const address of [staticIlpAddress, `${staticIlpAddress}-too.below`]) {
            const found = await admin.query(byAddress, { staticIlpAddress: address, assetId })
            assert.deepEqual(found, { id: made[index].id })
        }
    }
    assert.deepEqual(await admin.query(byAddress, { staticIlpAddress: 'test.many-oldest', assetId }), { id: oldest.id })
    assert.ok((await send(sender, { destination: 'test.many-oldest.x' })).reply.fulfillment)
})

test('peers survive a restart as they were', async () => {
    const { id } = await admin.newPeer({
        staticIlpAddress: 'test.kept', assetId: usd.id, name: 'Kept ✓', maxPacketAmount: largest, tokens: ['kept'],
        liquidityThreshold: largest, initialLiquidity: '1', routes: ['test.kept-too'],
    })
    const found = await admin.query(byId, { id })
    await admin.daemon.restart()
    assert.deepEqual(await admin.query(byId, { id }), found)
    assert.equal(await statusOf('kept'), 400)
})

test('ping', async () => {
    const ping = (input) => admin.mutate('ping', input, 'reached milliseconds peer { id } code triggeredBy message')
    const { peer: made, plugin } = await admin.newPlugin('pinged', { staticIlpAddress: 'test.pinged', assetId: usd.id })
    const rejected = await ping({ address: 'test.pinged' })
    assert.equal(rejected.reached, false)
    assert.deepEqual(rejected.peer, { id: made.id })
    assert.ok(rejected.code || rejected.message)
    fulfillAll(plugin)
    const mismatched = await ping({ address: 'test.pinged.x', timeoutSeconds: 30 })
    assert.equal(mismatched.reached, false)
    assert.equal(mismatched.message, 'the next hop answered with a Fulfill that does not match the condition')
    assert.ok(mismatched.milliseconds > 0)
    const own = await ping({ address: 'test.alice' })
    assert.equal(own.reached, true)
    const nowhere = await ping({ address: 'test.nowhere' })
    assert.deepEqual([nowhere.reached, nowhere.peer, nowhere.message], [false, null, 'there is no route to the address'])
    await admin.refuses('ping', { address: 'no address' }, 'invalid ILP address', 'BAD_USER_INPUT')
    for (const timeoutSeconds of [-1, 0, 31]) {
        await admin.refuses(
            'ping', { address: 'test.pinged', timeoutSeconds }, 'timeoutSeconds must be from 1 to 30', 'BAD_USER_INPUT',
        )
    }
})
