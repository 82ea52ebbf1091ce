// Pages, scalars, events, routes, tenants and the node, as graphql-request sees them.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { ClientError } from 'graphql-request'
import { Admin, eventually, isoTime, largest, uuidV4 } from './admin_support.mjs'
import { fulfillAll, send } from './support.mjs'

const operator = '00000000-0000-4000-8000-000000000001'

let admin
let receiver
let received = []

before(async () => {
    receiver = createServer(async (request, response) => {
        received.push(JSON.parse(Buffer.concat(await request.toArray())))
        response.end()
    })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    admin = await Admin.start({ webhooks: { url: `http://127.0.0.1:${receiver.address().port}/` } })
})

after(async () => {
    await admin?.close()
    receiver.closeAllConnections()
    receiver.close()
})

// --- Pages

// A Rafiki answers with an empty page, which looks like the end of the list.
const unknownCursor =
    'unknown cursor: it belongs to another list, or its entry has been deleted meanwhile; begin again with the first page'
const pageInfo = 'pageInfo { startCursor endCursor hasNextPage hasPreviousPage }'

/** Asks for pages of a connection: `page({first: 2, after})` gives `{cursors, ids, pageInfo}`. */
function pager(field, { extra = '', types = '', values = {} } = {}) {
    const document = `query ($after: String, $before: String, $first: Int, $last: Int, $sortOrder: SortOrder ${types}) {
        ${field}(after: $after, before: $before, first: $first, last: $last, sortOrder: $sortOrder ${extra}) {
            edges { cursor node { id } } ${pageInfo} } }`
    const page = async (args) => {
        const { edges, pageInfo: info } = await admin.query(document, { ...values, ...args })
        const ids = edges.map(({ node }) => node.id)
        assert.deepEqual(edges.map(({ cursor }) => cursor), ids, 'the cursor is the id')
        assert.equal(info.startCursor, ids[0] ?? null)
        assert.equal(info.endCursor, ids.at(-1) ?? null)
        return { ids, next: info.hasNextPage, previous: info.hasPreviousPage }
    }
    const refuses = (args, message) => admin.refusesQuery(document, { ...values, ...args }, message, 'BAD_USER_INPUT')
    return { page, refuses }
}

/** The rules of pages, on a connection whose entries are `ids`, the oldest first; at least 25 of them. */
async function checkPages({ page, refuses }, ids) {
    const newest = [...ids].reverse()
    const whole = ids.length
    assert.ok(whole >= 25 && whole <= 100)

    // How many, and the flags at each end.
    for (const args of [{}, { first: null }, { first: 20 }, { after: null, before: null, last: null }]) {
        assert.deepEqual(await page(args), { ids: newest.slice(0, 20), next: true, previous: false })
    }
    assert.deepEqual(await page({ first: 0 }), { ids: [], next: true, previous: false })
    assert.deepEqual(await page({ first: 1 }), { ids: newest.slice(0, 1), next: true, previous: false })
    assert.deepEqual(await page({ first: whole - 1 }), { ids: newest.slice(0, -1), next: true, previous: false })
    for (const first of [whole, 100]) {
        assert.deepEqual(await page({ first }), { ids: newest, next: false, previous: false })
    }
    for (const first of [101, -1, 2147483647]) await refuses({ first }, 'Pagination index error')
    for (const last of [101, -1]) await refuses({ last, before: ids[0] }, 'Pagination index error')
    for (const last of [1, 20, 101]) await refuses({ last }, "Can't paginate backwards from the start.")
    await refuses({ last: 1, after: ids[0] }, "Can't paginate backwards from the start.")

    // Orders.
    assert.deepEqual(await page({ sortOrder: 'DESC', first: 3 }), { ids: newest.slice(0, 3), next: true, previous: false })
    assert.deepEqual(await page({ sortOrder: 'ASC', first: 3 }), { ids: ids.slice(0, 3), next: true, previous: false })

    // Cursors.
    const nothing = { ids: [], next: false, previous: false }
    for (const cursor of [randomUUID(), 'none', '']) {
        await refuses({ after: cursor }, unknownCursor)
        await refuses({ before: cursor }, unknownCursor)
        await refuses({ before: cursor, last: 5 }, unknownCursor)
    }
    assert.deepEqual(await page({ after: newest.at(-1) }), nothing)
    assert.deepEqual(await page({ before: newest[0], last: 5 }), nothing)
    assert.deepEqual(await page({ after: newest[4], first: 2 }), { ids: newest.slice(5, 7), next: true, previous: true })
    const backwards = { before: newest[24], last: 2 }
    assert.deepEqual(await page(backwards), { ids: newest.slice(22, 24), next: true, previous: true })
    assert.deepEqual(await page({ before: newest[24] }), { ids: newest.slice(4, 24), next: true, previous: true })
    assert.deepEqual(await page({ before: newest[24], last: 0 }), { ids: [], next: true, previous: true })
    assert.deepEqual(await page({ after: newest[4], first: 0 }), { ids: [], next: true, previous: true })
    assert.deepEqual(await page({ before: newest[3], last: 9 }), { ids: newest.slice(0, 3), next: true, previous: false })

    // There and back again.
    for (const sortOrder of ['ASC', 'DESC']) {
        const wanted = sortOrder === 'ASC' ? ids : newest
        const seen = []
        for (let after, next = true; next; after = seen.at(-1)) {
            const found = await page({ first: 7, after, sortOrder })
            assert.equal(found.previous, after !== undefined)
            seen.push(...found.ids)
            next = found.next
        }
        assert.deepEqual(seen, wanted)
        const back = [wanted.at(-1)]
        for (let previous = true; previous; ) {
            const found = await page({ last: 7, before: back[0], sortOrder })
            assert.equal(found.next, true)
            back.unshift(...found.ids)
            previous = found.previous
        }
        assert.deepEqual(back, wanted)
    }
}

test('pages of assets, over a restart', async () => {
    const known = await admin.query('{ assetByCodeAndScale(code: "USD", scale: 9) { id } }')
    const ids = [known.id]
    for (let i = 0; i < 26; ++i) ids.push((await admin.newAsset()).id)
    const gone = await admin.newAsset()
    await admin.mutate('deleteAsset', { id: gone.id })
    const assets = pager('assets')
    await checkPages(assets, ids)
    await admin.daemon.restart()
    await checkPages(assets, ids)
    const ofTenant = (tenantId) =>
        pager('assets', { types: ', $tenantId: String', extra: ', tenantId: $tenantId', values: { tenantId } })
    await checkPages(ofTenant(operator), ids)
    const { page } = ofTenant(randomUUID())
    assert.deepEqual(await page({}), { ids: [], next: false, previous: false })
})

test('pages of peers, over a restart', async () => {
    const peers = pager('peers')
    assert.deepEqual(await peers.page({}), { ids: [], next: false, previous: false })
    const { id: assetId } = await admin.newAsset()
    const ids = []
    for (let i = 0; i < 27; ++i) ids.push((await admin.newPeer({ staticIlpAddress: `test.page${i}`, assetId })).id)
    await checkPages(peers, ids)
    await admin.daemon.restart()
    await checkPages(peers, ids)
    const ofTenant = (tenantId) =>
        pager('peers', { types: ', $tenantId: ID', extra: ', tenantId: $tenantId', values: { tenantId } })
    await checkPages(ofTenant(operator), ids)
    assert.deepEqual(await ofTenant(randomUUID()).page({}), { ids: [], next: false, previous: false })
    for (const id of ids) await admin.mutate('deletePeer', { id })
})

// --- Events

const events = `query ($filter: WebhookEventFilter, $first: Int) {
    webhookEvents(filter: $filter, first: $first) { edges { node { id type data createdAt tenant { id } } } } }`

const eventsOf = async (filter) =>
    (await admin.query(events, { filter, first: 100 })).edges.map(({ node }) => node)

test('events: thresholds that withdrawals and packets cross, with filters and pages', async () => {
    assert.deepEqual(await eventsOf(), [])
    const asset = await admin.newAsset()
    const input = { assetId: asset.id, timeoutSeconds: 0 }
    const take = (amount) =>
        admin.mutate('createAssetLiquidityWithdrawal', {
            ...input, amount, id: randomUUID(), idempotencyKey: randomUUID(),
        })
    await admin.depositToAsset(asset.id, 150)
    await admin.mutate('updateAsset', { id: asset.id, liquidityThreshold: 100 }, 'asset { id }')
    await take(10)
    await take(40) // at the threshold
    await take(1) // below it already: no event
    const [low] = await eventually(() => eventsOf(), (found) => found.length > 0)
    const assetData = { id: asset.id, code: asset.code, scale: asset.scale }
    assert.match(low.id, uuidV4)
    assert.match(low.createdAt, isoTime)
    assert.equal(low.type, 'asset.liquidity_low')
    assert.deepEqual(low.tenant, { id: operator })
    assert.deepEqual(low.data, { id: asset.id, asset: assetData, liquidityThreshold: '100', balance: '100' })

    const from = await admin.newPlugin('low-from', {
        staticIlpAddress: 'test.low-from', assetId: asset.id, initialLiquidity: 50, liquidityThreshold: 30,
    })
    const to = await admin.newPlugin('low-to', { staticIlpAddress: 'test.low-to', assetId: asset.id })
    fulfillAll(to.plugin)
    for (const amount of [10, 15, 5]) {
        assert.ok((await send(from.plugin, { destination: 'test.low-to', amount })).reply.fulfillment)
    }
    const found = await eventually(() => eventsOf(), (all) => all.length > 1)
    assert.equal(found.length, 2)
    assert.equal(found[0].type, 'peer.liquidity_low')
    assert.deepEqual(found[0].data, { id: from.peer.id, asset: assetData, liquidityThreshold: '30', balance: '25' })

    // The receiver gets the same events.
    await eventually(() => received.length, (count) => count === 2)
    const brief = ({ id, type, data }) => ({ id, type, data })
    assert.deepEqual(received.map(({ id }) => id).sort(), found.map(({ id }) => id).sort())
    for (const one of received) assert.deepEqual(one, brief(found.find(({ id }) => id === one.id)))

    const [ofPeer, ofAsset] = found
    const types = { peer: ofPeer.type, asset: ofAsset.type }
    const none = []
    for (const [filter, expected] of [
        [null, found],
        [{}, found],
        [{ type: null }, found],
        [{ type: {} }, found],
        [{ type: { in: [types.peer] } }, [ofPeer]],
        [{ type: { in: [types.asset] } }, [ofAsset]],
        [{ type: { in: [types.asset, types.peer] } }, found],
        [{ type: { in: ['other'] } }, none],
        [{ type: { in: [] } }, found],
        [{ type: { in: [], notIn: [] } }, found],
        [{ type: { in: [], notIn: [types.peer] } }, [ofAsset]],
        [{ type: { notIn: [types.peer] } }, [ofAsset]],
        [{ type: { notIn: [types.peer, types.asset] } }, none],
        [{ type: { notIn: [] } }, found],
        [{ type: { in: [types.peer, types.asset], notIn: [types.asset] } }, [ofPeer]],
        [{ type: { in: [types.peer], notIn: [types.peer] } }, none],
        [{ type: { in: ["' OR 1=1 --"] } }, none],
    ]) {
        assert.deepEqual(await eventsOf(filter), expected, JSON.stringify(filter))
    }

    // Enough of them for pages: each deposit and withdrawal crosses the threshold.
    for (let i = 0; i < 24; ++i) {
        await admin.deposit(from.peer.id, 100)
        await admin.withdraw(from.peer.id, 100)
    }
    const ids = (await eventually(() => eventsOf(), (all) => all.length === 26)).map(({ id }) => id).reverse()
    await checkPages(pager('webhookEvents'), ids)
    const ofTenant = (tenantId) =>
        pager('webhookEvents', { types: ', $tenantId: String', extra: ', tenantId: $tenantId', values: { tenantId } })
    assert.equal((await ofTenant(operator).page({ first: 100 })).ids.length, 26)
    assert.deepEqual((await ofTenant(randomUUID()).page({})).ids, [])

    const filtered = pager('webhookEvents', {
        types: ', $filter: WebhookEventFilter',
        extra: ', filter: $filter',
        values: { filter: { type: { in: [types.peer] } } },
    })
    const peerIds = ids.filter((id) => id !== ofAsset.id)
    await checkPages(filtered, peerIds)
    await admin.daemon.restart()
    await checkPages(filtered, peerIds)
})

// --- Scalars

const byId = `query ($id: String!) { asset(id: $id) { liquidityThreshold } }`
const byScale = `query ($scale: UInt8!) { assetByCodeAndScale(code: "SCALE", scale: $scale) { scale } }`

/** Asserts that the document is refused because of a value, before anything is executed. */
async function refusesValue(document, variables) {
    const error = await admin.ask(document, variables).catch((failure) => failure)
    assert.ok(error instanceof ClientError, `${JSON.stringify(variables)} of ${document}`)
    const { errors, data } = error.response
    assert.ok(data == null)
    assert.match(errors[0].message, /UInt(8|64)/)
    assert.ok(['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED'].includes(errors[0].extensions.code))
}

test('UInt64: numbers and digits in, digits out', async () => {
    const { id } = await admin.newAsset()
    const document = `mutation ($id: String!, $threshold: UInt64) {
        updateAsset(input: {id: $id, liquidityThreshold: $threshold}) { asset { liquidityThreshold } } }`
    const set = async (threshold) => (await admin.query(document, { id, threshold })).asset.liquidityThreshold
    for (const [written, value] of [
        [0, '0'],
        ['0', '0'],
        [1, '1'],
        ['1', '1'],
        [Number.MAX_SAFE_INTEGER, '9007199254740991'],
        ['9007199254740993', '9007199254740993'],
        [String(2n ** 63n - 1n), String(2n ** 63n - 1n)],
        [String(2n ** 63n), String(2n ** 63n)],
        [largest, largest],
    ]) {
        assert.equal(await set(written), value)
        const literal = `mutation { updateAsset(input: {id: "${id}", liquidityThreshold: ${JSON.stringify(written)}}) {
            asset { liquidityThreshold } } }`
        assert.equal((await admin.query(literal)).asset.liquidityThreshold, value)
    }
    // As a number that JavaScript cannot write.
    const wide = `mutation { updateAsset(input: {id: "${id}", liquidityThreshold: ${largest}}) {
        asset { liquidityThreshold } } }`
    assert.equal((await admin.query(wide)).asset.liquidityThreshold, largest)
    const body = `{"query": ${JSON.stringify(document)}, "variables": {"id": "${id}", "threshold": ${largest}}}`
    const answer = await fetch(admin.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    assert.equal((await answer.json()).data.updateAsset.asset.liquidityThreshold, largest)

    for (const wrong of [
        -1, '-1', 1.5, '1.5', 1e30, '1e3', '', ' ', ' 1', '1 ', '+1', '0x10', 'one', true, [], ['1', '2'], {},
        String(2n ** 64n), String(2n ** 64n * 10n), '9'.repeat(1000),
    ]) {
        await refusesValue(document, { id, threshold: wrong })
    }
    for (const wrong of ['-1', '"-1"', '1.5', '1e3', '""', 'true', 'ASC', '{}', '18446744073709551616', '"18446744073709551616"']) {
        await refusesValue(`mutation { updateAsset(input: {id: "${id}", liquidityThreshold: ${wrong}}) { code } }`)
    }
    assert.equal((await admin.query(byId, { id })).liquidityThreshold, largest)
})

test('UInt8: 0 to 255, as a number or as digits; out as a number', async () => {
    for (const [written, scale] of [[0, 0], ['1', 1], ['254', 254], [255, 255]]) {
        const { asset } = await admin.mutate('createAsset', { code: 'SCALE', scale: written }, 'asset { scale }')
        assert.equal(asset.scale, scale)
        assert.deepEqual(await admin.query(byScale, { scale: written }), { scale })
    }
    for (const wrong of [-1, 256, '256', '-1', 1.5, '1.0', '', 'nine', true, {}, 2 ** 32 + 9]) {
        await refusesValue(byScale, { scale: wrong })
    }
    for (const wrong of ['-1', '256', '"256"', '1.5', 'true']) {
        await refusesValue(`{ assetByCodeAndScale(code: "SCALE", scale: ${wrong}) { scale } }`)
    }
})

// --- Tenants, the node, routes

test('cluster: which daemon has the store, and node has the same', async () => {
    const fields = `isShared host activeSince hasTakenOver epoch leaseSeconds
        daemons { slot state isSelf host instance epoch lastCommit leaseUntil leaseSeconds }`
    const cluster = await admin.query(`{ cluster { ${fields} } }`)
    const { activeSince, host, isShared, epoch, leaseSeconds, daemons: [own, ...others] } = cluster
    assert.match(activeSince, isoTime)
    assert.match(host, /^on .+, process \d+$/)
    assert.equal(isShared, process.env.ILPD_INTEROP_STORE === 'postgresql')
    assert.equal(cluster.hasTakenOver, false)
    assert.deepEqual(others, [])
    assert.deepEqual([own.slot, own.state, own.isSelf, own.host], [0, 'ACTIVE', true, host])
    if (isShared) {
        assert.match(epoch, /^[1-9]\d*$/)
        assert.equal(own.epoch, epoch)
        assert.match(own.lastCommit, /^\d+$/)
        assert.match(own.leaseUntil, isoTime)
        assert.ok(leaseSeconds > 0 && own.leaseSeconds > 0)
        assert.equal(typeof own.instance, 'string')
    } else {
        assert.deepEqual([epoch, leaseSeconds], [null, null])
        assert.deepEqual([own.instance, own.epoch, own.lastCommit, own.leaseUntil, own.leaseSeconds], Array(5).fill(null))
    }
    assert.deepEqual(await admin.query('{ node { cluster { host activeSince } } }'), { cluster: { host, activeSince } })
})

test('whoami, tenant and tenants describe the operator', async () => {
    assert.deepEqual(await admin.query('{ whoami { id isOperator } }'), { id: operator, isOperator: true })
    const all = `id email apiSecret idpConsentUrl idpSecret publicName createdAt deletedAt settings { key value }`
    const tenant = await admin.query(`{ tenant(id: "${operator}") { ${all} } }`)
    assert.equal(tenant.id, operator)
    assert.match(tenant.createdAt, isoTime)
    assert.equal(tenant.apiSecret, '')
    assert.deepEqual([tenant.email, tenant.deletedAt, tenant.settings], [null, null, []])
    const tenants = await admin.query(`{ tenants(first: 100) { edges { cursor node { ${all} } } ${pageInfo} } }`)
    assert.deepEqual(tenants, {
        edges: [{ cursor: operator, node: tenant }],
        pageInfo: { startCursor: operator, endCursor: operator, hasNextPage: false, hasPreviousPage: false },
    })
    const { page, refuses } = pager('tenants')
    assert.deepEqual(await page({ first: 0 }), { ids: [], next: true, previous: false })
    for (const args of [{ after: operator }, { before: operator, last: 3 }]) {
        assert.deepEqual(await page(args), { ids: [], next: false, previous: false })
    }
    await refuses({ after: randomUUID() }, unknownCursor)
    await refuses({ first: 101 }, 'Pagination index error')
    await refuses({ last: 1 }, "Can't paginate backwards from the start.")
    for (const id of [randomUUID(), 'none', '']) {
        const { code } = await admin
            .ask('query ($id: String!) { tenant(id: $id) { id } }', { id })
            .catch(({ response }) => response.errors[0].extensions)
        assert.equal(code, 'NOT_FOUND')
    }
})

test('Model: all types of objects have its fields', async () => {
    const { id } = await admin.newAsset()
    const found = await admin.query(`{ asset(id: "${id}") { ...on Model { __typename id createdAt } } }`)
    assert.equal(found.__typename, 'Asset')
    assert.equal(found.id, id)
    assert.match(found.createdAt, isoTime)
    const { possibleTypes } = await admin.query('{ __type(name: "Model") { possibleTypes { name } } }')
    const names = possibleTypes.map(({ name }) => name)
    for (const name of ['Asset', 'Peer', 'AccountingTransfer', 'WebhookEvent', 'Tenant']) assert.ok(names.includes(name))
})

test('node', async () => {
    const node = () =>
        admin.query('{ node { ilpAddress version startedAt ready storeError peers assets routes pendingWithdrawals } }')
    const before_ = await node()
    assert.deepEqual([before_.ilpAddress, before_.ready, before_.storeError], ['test.alice', true, null])
    assert.match(before_.startedAt, isoTime)
    assert.match(before_.version, /^\d+\.\d+/)
    const { id: assetId } = await admin.newAsset()
    const peer = await admin.newPeer({
        staticIlpAddress: 'test.counted', assetId, routes: ['test.counted-too'], initialLiquidity: 9,
    })
    await admin.withdraw(peer.id, 1, { timeoutSeconds: 60 })
    assert.deepEqual(await node(), {
        ...before_,
        assets: before_.assets + 1,
        peers: before_.peers + 1,
        routes: before_.routes + 2,
        pendingWithdrawals: before_.pendingWithdrawals + 1,
    })
    await admin.daemon.restart()
    assert.notEqual((await node()).startedAt, before_.startedAt)
})

test('routes and route', async () => {
    const { id: assetId } = await admin.newAsset()
    const { id: otherAsset } = await admin.newAsset()
    const first = await admin.newPeer({
        staticIlpAddress: 'test.way', assetId, routes: ['test.way.a.b', 'test.wayside'],
    })
    const second = await admin.newPeer({ staticIlpAddress: 'test.way.a', assetId })
    const third = await admin.newPeer({ staticIlpAddress: 'test.way', assetId: otherAsset })
    const document = `query ($first: Int, $after: String, $prefix: String) {
        routes(first: $first, after: $after, prefix: $prefix) {
            edges { cursor node { prefix peer { id } } } ${pageInfo} } }`
    const whole = await admin.query(document, { first: 100, prefix: 'test.way' })
    assert.deepEqual(
        whole.edges.map(({ node: { prefix, peer } }) => `${prefix} ${peer.id}`).sort(),
        [
            `test.way ${first.id}`,
            `test.way ${third.id}`,
            `test.way.a ${second.id}`,
            `test.way.a.b ${first.id}`,
            `test.wayside ${first.id}`,
        ].sort(),
    )
    const cursors = []
    for (let after, next = true; next; ) {
        const { edges, pageInfo: info } = await admin.query(document, { first: 2, after, prefix: 'test.way' })
        cursors.push(...edges.map(({ cursor }) => cursor))
        after = info.endCursor
        next = info.hasNextPage
    }
    assert.deepEqual(cursors, whole.edges.map(({ cursor }) => cursor))
    await admin.refusesQuery(document, { after: 'none' }, unknownCursor, 'BAD_USER_INPUT')
    await admin.refusesQuery(document, { first: 101 }, 'Pagination index error', 'BAD_USER_INPUT')

    const route = (address, asset) =>
        admin.query('query ($a: String!, $i: String) { route(address: $a, assetId: $i) { prefix peer { id } } }', {
            a: address, i: asset,
        })
    assert.deepEqual(await route('test.way.x', assetId), { prefix: 'test.way', peer: { id: first.id } })
    assert.deepEqual(await route('test.way.x', otherAsset), { prefix: 'test.way', peer: { id: third.id } })
    assert.deepEqual(await route('test.way.a.x'), { prefix: 'test.way.a', peer: { id: second.id } })
    assert.deepEqual(await route('test.way.a.b.x'), { prefix: 'test.way.a.b', peer: { id: first.id } })
    assert.equal(await route('test.nowhere'), null)
    const find = 'query ($a: String!, $i: String) { route(address: $a, assetId: $i) { prefix } }'
    await admin.refusesQuery(find, { a: 'no address' }, 'invalid ILP address', 'BAD_USER_INPUT')
    await admin.refusesQuery(find, { a: 'test.way', i: 'none' }, 'Asset not found', 'NOT_FOUND')
})
