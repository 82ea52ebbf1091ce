// Assets of the Admin API, as graphql-request sees them.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Admin, isoTime, largest, uuidV4 } from './admin_support.mjs'

const fields = `id code scale liquidity withdrawalThreshold liquidityThreshold createdAt origin
    tenant { id } sendingFee { fixed } receivingFee { fixed } fees { edges { cursor } pageInfo { endCursor startCursor
    hasNextPage hasPreviousPage } }`

const byId = `query ($id: String!) { asset(id: $id) { ${fields} } }`
const byCode = `query ($code: String!, $scale: UInt8!) { assetByCodeAndScale(code: $code, scale: $scale) { ${fields} } }`

let admin

before(async () => {
    admin = await Admin.start()
})

after(() => admin?.close())

test('createAsset answers with the asset, which queries find', async () => {
    const { asset, ...old } = await admin.mutate(
        'createAsset',
        { code: 'EUR', scale: 2, withdrawalThreshold: '10', liquidityThreshold: 20 },
        `code success message asset { ${fields} }`,
    )
    assert.deepEqual(old, { code: '200', success: true, message: 'Created Asset' })
    const { id, createdAt, ...terms } = asset
    assert.match(id, uuidV4)
    assert.match(createdAt, isoTime)
    assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 60_000)
    assert.deepEqual(terms, {
        code: 'EUR',
        scale: 2,
        liquidity: '0',
        withdrawalThreshold: '10',
        liquidityThreshold: '20',
        origin: 'API',
        tenant: { id: '00000000-0000-4000-8000-000000000001' },
        sendingFee: null,
        receivingFee: null,
        fees: {
            edges: [],
            pageInfo: { endCursor: null, startCursor: null, hasNextPage: false, hasPreviousPage: false },
        },
    })
    assert.deepEqual(await admin.query(byId, { id }), asset)
    assert.deepEqual(await admin.query(byId, { id: id.toUpperCase() }), asset)
    assert.deepEqual(await admin.query(byCode, { code: 'EUR', scale: '2' }), asset)
})

test('an asset needs only code and scale, and accepts the tenant and any scale', async () => {
    for (const scale of [0, 255]) {
        const input = { code: 'SCL', scale, tenantId: '00000000-0000-4000-8000-000000000001' }
        const { asset } = await admin.mutate('createAsset', input, `asset { ${fields} }`)
        assert.deepEqual([asset.scale, asset.withdrawalThreshold, asset.liquidityThreshold], [scale, null, null])
    }
})

test('an asset of an unknown tenant is refused', async () => {
    for (const tenantId of [randomUUID(), 'none', '']) {
        await admin.refuses('createAsset', { code: 'TEN', scale: 1, tenantId }, 'tenant does not exist', 'NOT_FOUND')
    }
    const { asset } = await admin.mutate('createAsset', { code: 'TEN', scale: 1, tenantId: null }, 'asset { tenantId }')
    assert.equal(asset.tenantId, '00000000-0000-4000-8000-000000000001')
})

test('unknown assets', async () => {
    for (const id of [randomUUID(), 'no-uuid', '', "'; DROP TABLE assets; --"]) {
        await admin.refusesQuery(byId, { id }, 'Asset not found', 'NOT_FOUND')
        await admin.refuses('updateAsset', { id }, 'Asset not found', 'NOT_FOUND')
        await admin.refuses('deleteAsset', { id }, 'Asset not found', 'NOT_FOUND')
    }
    assert.equal(await admin.query(byCode, { code: 'NIX', scale: 1 }), null)
    await admin.newAsset({ code: 'NIX', scale: 2 })
    assert.equal(await admin.query(byCode, { code: 'NIX', scale: 1 }), null)
})

test('code and scale together identify an asset', async () => {
    await admin.newAsset({ code: 'DUP', scale: 3 })
    await admin.refuses('createAsset', { code: 'DUP', scale: 3 }, 'Asset already exists', 'DUPLICATE')
    await admin.refuses('createAsset', { code: 'DUP', scale: '3' }, 'Asset already exists', 'DUPLICATE')
    await admin.newAsset({ code: 'DUP', scale: 4 })
})

test('updateAsset sets thresholds, and clears those that are absent or null', async () => {
    const { id } = await admin.newAsset({ withdrawalThreshold: 1, liquidityThreshold: 2 })
    const update = async (thresholds) => {
        const selection = `code success message asset { id withdrawalThreshold liquidityThreshold }`
        const { asset, ...old } = await admin.mutate('updateAsset', { id, ...thresholds }, selection)
        assert.deepEqual(old, { code: '200', success: true, message: 'Updated Asset' })
        const now = await admin.query(byId, { id })
        assert.deepEqual(asset, {
            id,
            withdrawalThreshold: now.withdrawalThreshold,
            liquidityThreshold: now.liquidityThreshold,
        })
        return [now.withdrawalThreshold, now.liquidityThreshold]
    }
    assert.deepEqual(await update({ withdrawalThreshold: 3, liquidityThreshold: 4 }), ['3', '4'])
    assert.deepEqual(await update({ withdrawalThreshold: 5 }), ['5', null])
    assert.deepEqual(await update({ withdrawalThreshold: null, liquidityThreshold: 6 }), [null, '6'])
    assert.deepEqual(await update({ withdrawalThreshold: 0, liquidityThreshold: '0' }), ['0', '0'])
    assert.deepEqual(await update({}), [null, null])
})

test('thresholds of 2^63 and more are kept', async () => {
    for (const threshold of [String(2n ** 63n - 1n), String(2n ** 63n), largest]) {
        const asset = await admin.newAsset({ withdrawalThreshold: threshold, liquidityThreshold: threshold })
        assert.deepEqual([asset.withdrawalThreshold, asset.liquidityThreshold], [threshold, threshold])
        await admin.mutate('updateAsset', { id: asset.id })
        const again = { id: asset.id, withdrawalThreshold: threshold, liquidityThreshold: threshold }
        await admin.mutate('updateAsset', again)
        const found = await admin.query(byId, { id: asset.id })
        assert.deepEqual([found.withdrawalThreshold, found.liquidityThreshold], [threshold, threshold])
    }
})

test('deleteAsset deletes an asset, and createAsset restores it with its liquidity', async () => {
    const { id, code, scale, createdAt } = await admin.newAsset({ liquidityThreshold: 7 })
    await admin.depositToAsset(id, 1000)
    const { asset, ...old } = await admin.mutate('deleteAsset', { id }, `code success message asset { ${fields} }`)
    assert.deepEqual(old, { code: '200', success: true, message: 'Deleted Asset' })
    assert.deepEqual([asset.id, asset.code, asset.scale, asset.liquidity], [id, code, scale, '1000'])

    await admin.refusesQuery(byId, { id }, 'Asset not found', 'NOT_FOUND')
    assert.equal(await admin.query(byCode, { code, scale }), null)
    await admin.refuses('updateAsset', { id }, 'Asset not found', 'NOT_FOUND')
    await admin.refuses('deleteAsset', { id }, 'Asset not found', 'NOT_FOUND')
    const money = { assetId: id, amount: 1, id: randomUUID(), idempotencyKey: randomUUID() }
    await admin.refuses('depositAssetLiquidity', money, 'Unknown asset', 'NOT_FOUND')
    await admin.refuses('createAssetLiquidityWithdrawal', { ...money, timeoutSeconds: 0 }, 'Unknown asset', 'NOT_FOUND')
    const ids = (await admin.query('{ assets(first: 100) { edges { node { id } } } }')).edges.map(({ node }) => node.id)
    assert.ok(!ids.includes(id))
    const http = { outgoing: { authToken: 'token', endpoint: 'http://127.0.0.1:9/' } }
    await admin.refuses(
        'createPeer', { assetId: id, staticIlpAddress: 'test.gone', http }, 'unknown asset', 'NOT_FOUND',
    )

    const back = await admin.newAsset({ code, scale, withdrawalThreshold: 8 })
    assert.deepEqual(back, {
        id, code, scale, createdAt, liquidity: '1000', withdrawalThreshold: '8', liquidityThreshold: null,
    })
    await admin.refuses('createAsset', { code, scale }, 'Asset already exists', 'DUPLICATE')
})

test('an asset that has peers is not deleted', async () => {
    const { id } = await admin.newAsset()
    const peer = await admin.newPeer({ staticIlpAddress: 'test.in-use', assetId: id })
    await admin.refuses('deleteAsset', { id }, 'Cannot delete! Asset in use.', 'FORBIDDEN')
    await admin.mutate('deletePeer', { id: peer.id })
    await admin.mutate('deleteAsset', { id }, 'success')
})

test('an asset of the file can be changed only there', async () => {
    const asset = await admin.query(byCode, { code: 'USD', scale: 9 })
    assert.equal(asset.origin, 'FILE')
    const message = 'asset USD/9 is defined in the configuration file: change it there, then reload'
    await admin.refuses('updateAsset', { id: asset.id, withdrawalThreshold: 1 }, message, 'FORBIDDEN')
    await admin.refuses('deleteAsset', { id: asset.id }, message, 'FORBIDDEN')
    await admin.refuses('createAsset', { code: 'USD', scale: 9 }, 'Asset already exists', 'DUPLICATE')
    assert.deepEqual(await admin.query(byCode, { code: 'USD', scale: 9 }), asset)
    assert.deepEqual(await admin.depositToAsset(asset.id, 1), { success: true }) // liquidity is no setting
})

test('fees are not available, and setFee says what to use instead', async () => {
    const { id } = await admin.newAsset()
    await admin.refuses(
        'setFee',
        { assetId: id, type: 'SENDING', fee: { fixed: 1, basisPoints: 100 } },
        'Fees are not available. Set what this node keeps of a packet with rates.spreads or peers[].spread in the ' +
            'configuration file',
        'FORBIDDEN',
        'fee { id }',
    )
})

test('assets survive a restart', async () => {
    const kept = await admin.newAsset({ withdrawalThreshold: largest, liquidityThreshold: 5 })
    const gone = await admin.newAsset()
    await admin.mutate('deleteAsset', { id: gone.id })
    await admin.depositToAsset(kept.id, largest)
    const found = await admin.query(byId, { id: kept.id })
    await admin.daemon.restart()
    assert.deepEqual(await admin.query(byId, { id: kept.id }), found)
    assert.equal(found.liquidity, largest)
    await admin.refusesQuery(byId, { id: gone.id }, 'Asset not found', 'NOT_FOUND')
})
