// idempotencyKey of the Admin API: what is asked twice is done once.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Admin, refusalOf } from './admin_support.mjs'

const conflict = 'CONFLICT'
const differs = (key) => `Incoming arguments are different than the original request for idempotencyKey: ${key}`
const concurrent = (key) => `Concurrent request for idempotencyKey: ${key}`

let admin
let asset

before(async () => {
    admin = await Admin.start()
    asset = await admin.newAsset()
})

after(() => admin?.close())

const http = (...tokens) => ({
    incoming: { authTokens: tokens },
    outgoing: { authToken: 'token', endpoint: 'http://127.0.0.1:9/' },
})

const peers = async () => (await admin.query('{ node { peers } }')).peers

test('createPeer: the same answer again, also when the peer has changed or gone, and after a restart', async () => {
    const key = randomUUID()
    const input = {
        staticIlpAddress: 'test.once', assetId: asset.id, http: http('once'), name: 'Once', routes: ['test.once-too'],
        idempotencyKey: key,
    }
    const selection = `code success message peer { id name staticIlpAddress routes maxPacketAmount createdAt
        asset { id } http { outgoing { endpoint authToken } } }`
    const first = await admin.mutate('createPeer', input, selection)
    const again = async () => assert.deepEqual(await admin.mutate('createPeer', input, selection), first)
    await again()
    await admin.mutate('updatePeer', { id: first.peer.id, name: 'Changed', staticIlpAddress: 'test.changed' })
    await again()
    await admin.daemon.restart()
    await again()
    await admin.mutate('deletePeer', { id: first.peer.id })
    await again()
    await admin.refusesQuery(`{ peer(id: "${first.peer.id}") { id } }`, {}, 'unknown peer', 'NOT_FOUND')

    for (const other of [{ name: 'Two' }, { name: null }, { routes: [] }, { initialLiquidity: 0 }, { http: http() }]) {
        await admin.refuses('createPeer', { ...input, ...other }, differs(key), conflict)
    }
    await admin.refuses('createAsset', { code: 'KEY', scale: 1, idempotencyKey: key }, differs(key), conflict)
    await admin.daemon.restart()
    await admin.refuses('createPeer', { ...input, name: 'Two' }, differs(key), conflict)
})

test('every mutation with a key is done once, and answers twice', async () => {
    const assetKey = randomUUID()
    const createAsset = { code: 'IDK', scale: 7, liquidityThreshold: 5, idempotencyKey: assetKey }
    const selection = 'code success message asset { id code scale liquidityThreshold }'
    const made = await admin.mutate('createAsset', createAsset, selection)
    assert.deepEqual(await admin.mutate('createAsset', createAsset, selection), made)
    const id = made.asset.id

    const update = { id, liquidityThreshold: 9, idempotencyKey: randomUUID() }
    const updated = await admin.mutate('updateAsset', update, selection)
    await admin.mutate('updateAsset', { id, liquidityThreshold: 1 })
    assert.deepEqual(await admin.mutate('updateAsset', update, selection), updated)
    const { liquidityThreshold } = await admin.query(`{ asset(id: "${id}") { liquidityThreshold } }`)
    assert.equal(liquidityThreshold, '1')

    const peer = await admin.newPeer({ staticIlpAddress: 'test.idk', assetId: id })
    const deposit = { peerId: peer.id, amount: 10, id: randomUUID(), idempotencyKey: randomUUID() }
    const withdrawal = { ...deposit, id: randomUUID(), idempotencyKey: randomUUID(), timeoutSeconds: 60 }
    const post = { withdrawalId: withdrawal.id, idempotencyKey: randomUUID() }
    const toAsset = { assetId: id, amount: 4, id: randomUUID(), idempotencyKey: randomUUID() }
    const fromAsset = { ...toAsset, id: randomUUID(), idempotencyKey: randomUUID(), timeoutSeconds: 60 }
    const void_ = { withdrawalId: fromAsset.id, idempotencyKey: randomUUID() }
    const enable = { id: peer.id, enabled: false, idempotencyKey: randomUUID() }
    const updatePeer = { id: peer.id, name: 'Renamed', idempotencyKey: randomUUID() }
    const remove = { id: peer.id, idempotencyKey: randomUUID() }
    const deleteAsset = { id, idempotencyKey: randomUUID() }
    const all = 'code success message'
    const steps = [
        ['depositPeerLiquidity', deposit, all],
        ['createPeerLiquidityWithdrawal', withdrawal, all],
        ['postLiquidityWithdrawal', post, all],
        ['depositAssetLiquidity', toAsset, all],
        ['createAssetLiquidityWithdrawal', fromAsset, all],
        ['voidLiquidityWithdrawal', void_, all],
        ['setPeerEnabled', enable, 'peer { id enabled }'],
        ['updatePeer', updatePeer, 'message peer { id name }'],
        ['deletePeer', remove, all],
        ['deleteAsset', deleteAsset, selection],
    ]
    const answers = []
    for (const [name, input, what] of steps) {
        answers.push(await admin.mutate(name, input, what))
        assert.deepEqual(await admin.mutate(name, input, what), answers.at(-1), name)
    }
    // The peer and the asset have gone: what was answered stays answered.
    await admin.daemon.restart()
    for (const [index, [name, input, what]] of steps.entries()) {
        assert.deepEqual(await admin.mutate(name, input, what), answers[index], name)
    }
})

test('a refusal is not remembered', async () => {
    const key = randomUUID()
    const input = { staticIlpAddress: 'test.mended', assetId: asset.id, http: http(), idempotencyKey: key }
    await admin.refuses('createPeer', { ...input, staticIlpAddress: 'no' }, /^invalid ILP address: /, 'BAD_USER_INPUT')
    const { peer } = await admin.mutate('createPeer', input, 'peer { id }')

    const deposit = { peerId: peer.id, amount: 0, id: randomUUID(), idempotencyKey: randomUUID() }
    await admin.refuses('depositPeerLiquidity', deposit, 'Transfer amount is zero', 'FORBIDDEN')
    const withdrawal = { ...deposit, amount: 1, timeoutSeconds: 0 }
    await admin.refuses('createPeerLiquidityWithdrawal', withdrawal, 'Insufficient transfer balance', 'FORBIDDEN')
    await admin.mutate('depositPeerLiquidity', { ...deposit, amount: 1 })
    await admin.refuses('createPeerLiquidityWithdrawal', withdrawal, differs(deposit.idempotencyKey), conflict)
})

test('equal arguments are equal however they are written', async () => {
    const [id, key] = [randomUUID(), randomUUID()]
    const { id: peerId } = await admin.newPeer({ staticIlpAddress: 'test.written', assetId: asset.id })
    await admin.mutate('depositPeerLiquidity', { peerId, amount: 7, id, idempotencyKey: key })
    await admin.mutate('depositPeerLiquidity', { idempotencyKey: key, id, amount: '7', peerId })
    const literal = `mutation { depositPeerLiquidity(input: {amount: 7, id: "${id}", peerId: "${peerId}",
        idempotencyKey: "${key}"}) { success } }`
    assert.deepEqual(await admin.query(literal), { success: true })
    assert.equal(await admin.liquidityOfPeer(peerId), '7')
})

/** Asks so many times at once: every answer is the first one, or says that another request is under way. */
async function atOnce(count, ask, key) {
    const settled = await Promise.allSettled(Array.from({ length: count }, ask))
    const done = settled.filter(({ status }) => status === 'fulfilled').map(({ value }) => value)
    assert.ok(done.length >= 1)
    for (const answer of done) assert.deepEqual(answer, done[0])
    for (const { status, reason } of settled) {
        if (status === 'fulfilled') continue
        assert.deepEqual(await refusalOf(Promise.reject(reason)), { message: concurrent(key), code: conflict })
    }
    assert.deepEqual(await ask(), done[0])
    return done[0]
}

test('a hundred equal mutations at once are done once', async () => {
    const countBefore = await peers()
    for (let round = 0; round < 3; ++round) {
        const key = randomUUID()
        const input = {
            staticIlpAddress: `test.crowd${round}`, assetId: asset.id, http: http(`crowd${round}`),
            initialLiquidity: 3, idempotencyKey: key,
        }
        const made = await atOnce(100, () => admin.mutate('createPeer', input, 'code peer { id }'), key)
        assert.equal(await peers(), countBefore + round + 1)
        const peerId = made.peer.id
        const deposit = { peerId, amount: 5, id: randomUUID(), idempotencyKey: randomUUID() }
        await atOnce(100, () => admin.mutate('depositPeerLiquidity', deposit), deposit.idempotencyKey)
        assert.equal(await admin.liquidityOfPeer(peerId), '8')
        const { credits } = await admin.query(`{ accountingTransfers(id: "${peerId}") { credits { amount } } }`)
        assert.deepEqual(credits.map(({ amount }) => amount).sort(), ['3', '5'])
    }
})
