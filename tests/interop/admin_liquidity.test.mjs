// Deposits and withdrawals of the Admin API, as graphql-request sees them.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Admin, eventually, isoTime, largest, uuidV4 } from './admin_support.mjs'
import { fulfillAll, send } from './support.mjs'

const transfers = `query ($id: String!, $limit: Int) { accountingTransfers(id: $id, limit: $limit) {
    debits { ...all } credits { ...all } } }
    fragment all on AccountingTransfer {
        id debitAccountId creditAccountId amount transferType ledger createdAt state expiresAt }`

/** What the two kinds of accounts have in common: names of fields, and words that differ. */
const kinds = {
    Peer: { idField: 'peerId', unknownToDeposit: 'unknown peer', unknownToWithdraw: 'Unknown peer' },
    Asset: { idField: 'assetId', unknownToDeposit: 'Unknown asset', unknownToWithdraw: 'Unknown asset' },
}

let admin
let addresses = 0

before(async () => {
    admin = await Admin.start()
})

after(() => admin?.close())

const fresh = () => ({ id: randomUUID(), idempotencyKey: randomUUID() })

const ofVersion1 = (uuid) => `${uuid.slice(0, 14)}1${uuid.slice(15)}`

/** A new account of the kind, and its liquidity: `{id, liquidity(), deposit(), withdraw()}`. */
async function account(kind) {
    const asset = await admin.newAsset()
    const staticIlpAddress = `test.account${++addresses}`
    const { id } = kind === 'Asset' ? asset : await admin.newPeer({ staticIlpAddress, assetId: asset.id })
    const owner = { [kinds[kind].idField]: id }
    return {
        id,
        asset,
        owner,
        liquidity: () => (kind === 'Asset' ? admin.liquidityOfAsset(id) : admin.liquidityOfPeer(id)),
        deposit: (amount, more) => admin.mutate(`deposit${kind}Liquidity`, { ...owner, amount, ...fresh(), ...more }),
        async withdraw(amount, more) {
            const input = { ...owner, amount, timeoutSeconds: 0, ...fresh(), ...more }
            assert.deepEqual(await admin.mutate(`create${kind}LiquidityWithdrawal`, input), { success: true })
            return input.id
        },
    }
}

const end = (how, withdrawalId) =>
    admin.mutate(`${how}LiquidityWithdrawal`, { withdrawalId, idempotencyKey: randomUUID() })

const refusesEnd = (how, withdrawalId, message, code) =>
    admin.refuses(`${how}LiquidityWithdrawal`, { withdrawalId, idempotencyKey: randomUUID() }, message, code)

for (const [kind, { unknownToDeposit, unknownToWithdraw, idField }] of Object.entries(kinds)) {
    const deposit = `deposit${kind}Liquidity`
    const withdrawal = `create${kind}LiquidityWithdrawal`
    const lower = kind.toLowerCase()

    test(`${lower}: a deposit adds, a withdrawal takes`, async () => {
        const { owner, liquidity } = await account(kind)
        const all = 'code success message'
        assert.deepEqual(await admin.mutate(deposit, { ...owner, amount: '1000', ...fresh() }, all), {
            code: '200', success: true, message: `Added ${lower} liquidity`,
        })
        assert.equal(await liquidity(), '1000')
        const input = { ...owner, amount: 300, timeoutSeconds: '0', ...fresh() }
        assert.deepEqual(await admin.mutate(withdrawal, input, all), {
            code: '200', success: true, message: `Created ${lower} liquidity withdrawal`,
        })
        assert.equal(await liquidity(), '700')
    })

    test(`${lower}: refusals, and their order`, async () => {
        const { owner, liquidity, deposit: put } = await account(kind)
        await put(10)
        const good = { ...owner, amount: 5, ...fresh() }
        const used = randomUUID()
        await put(1, { id: used })
        const refusals = (unknown) => [
            [{ ...good, amount: 0, id: 'none', [idField]: 'none' }, 'Transfer amount is zero', 'FORBIDDEN'],
            ...['none', '', '1', randomUUID().slice(1), ofVersion1(used), `{${used}}`].map((id) => [
                { ...good, id, [idField]: 'none' }, 'Invalid transfer id', 'BAD_USER_INPUT',
            ]),
            ...[randomUUID(), 'none', ''].map((id) => [{ ...good, [idField]: id }, unknown, 'NOT_FOUND']),
            [{ ...good, id: used }, 'Transfer already exists', 'DUPLICATE'],
            [{ ...good, id: used.toUpperCase() }, 'Transfer already exists', 'DUPLICATE'],
        ]
        for (const [input, message, code] of refusals(unknownToDeposit)) {
            await admin.refuses(deposit, { ...input, idempotencyKey: randomUUID() }, message, code)
        }
        for (const [input, message, code] of refusals(unknownToWithdraw)) {
            const whole = { ...input, timeoutSeconds: 0, idempotencyKey: randomUUID() }
            await admin.refuses(withdrawal, whole, message, code)
        }
        for (const timeoutSeconds of [0, 60]) {
            const input = { ...good, amount: 12, timeoutSeconds, ...fresh() }
            await admin.refuses(withdrawal, input, 'Insufficient transfer balance', 'FORBIDDEN')
        }
        assert.equal(await liquidity(), '11')
    })

    test(`${lower}: deposits up to 2^64-1 count, and beyond are refused`, async () => {
        for (const amount of [String(2n ** 63n - 1n), String(2n ** 63n), largest]) {
            const { owner, liquidity, deposit: put, withdraw } = await account(kind)
            assert.deepEqual(await put(amount), { success: true })
            assert.equal(await liquidity(), amount)
            const beyond = { ...owner, amount: String(2n ** 64n - BigInt(amount)), ...fresh() }
            await admin.refuses(deposit, beyond, 'Deposit would exceed the largest balance', 'BAD_USER_INPUT')
            assert.equal(await liquidity(), amount)
            await withdraw(amount)
            assert.equal(await liquidity(), '0')
        }
    })

    test(`${lower}: a withdrawal in two phases is reserved, then posted or voided`, async () => {
        const { liquidity, deposit: put, withdraw, owner } = await account(kind)
        await put(100)
        const posted = await withdraw(60, { timeoutSeconds: 3600 })
        assert.equal(await liquidity(), '40')
        const more = { ...owner, amount: 41, timeoutSeconds: 0, ...fresh() }
        await admin.refuses(withdrawal, more, 'Insufficient transfer balance', 'FORBIDDEN')
        const voided = await withdraw(40, { timeoutSeconds: largest })
        assert.equal(await liquidity(), '0')

        assert.deepEqual(await end('post', posted), { success: true })
        assert.equal(await liquidity(), '0')
        assert.deepEqual(await end('void', voided.toUpperCase()), { success: true })
        assert.equal(await liquidity(), '40')
        for (const how of ['post', 'void']) {
            await refusesEnd(how, posted, 'Transfer already posted', 'CONFLICT')
            await refusesEnd(how, voided, 'Transfer already voided', 'CONFLICT')
        }
        assert.equal(await liquidity(), '40')
    })

    test(`${lower}: a withdrawal expires, and the amount is back`, async () => {
        const { id, liquidity, deposit: put, withdraw } = await account(kind)
        await put(100)
        const withdrawn = await withdraw(60, { timeoutSeconds: 1 })
        await eventually(liquidity, (amount) => amount === '100')
        for (const how of ['post', 'void']) {
            await refusesEnd(how, withdrawn, 'Transfer already expired', 'FORBIDDEN')
        }
        const { debits } = await admin.query(transfers, { id })
        assert.deepEqual(debits.map(({ id, state }) => [id, state]), [[withdrawn, 'VOIDED']])
        assert.equal(await liquidity(), '100')
    })

    test(`${lower}: its transfers, newest first, with limits`, async () => {
        const { id, deposit: put, withdraw } = await account(kind)
        const [first, second] = [randomUUID(), randomUUID()]
        await put(100, { id: first })
        await put(200, { id: second })
        const atOnce = await withdraw(1)
        const pending = await withdraw(2, { timeoutSeconds: 3600 })
        const posted = await withdraw(3, { timeoutSeconds: 3600 })
        await end('post', posted)
        const voided = await withdraw(4, { timeoutSeconds: 3600 })
        await end('void', voided)

        const { debits, credits } = await admin.query(transfers, { id })
        const brief = (list) => list.map(({ id, amount, transferType, state }) => [id, amount, transferType, state])
        assert.deepEqual(brief(credits), [
            [second, '200', 'DEPOSIT', 'POSTED'],
            [first, '100', 'DEPOSIT', 'POSTED'],
        ])
        assert.deepEqual(brief(debits), [
            [voided, '4', 'WITHDRAWAL', 'VOIDED'],
            [posted, '3', 'WITHDRAWAL', 'POSTED'],
            [pending, '2', 'WITHDRAWAL', 'PENDING'],
            [atOnce, '1', 'WITHDRAWAL', 'POSTED'],
        ])
        const ledgers = new Set()
        for (const transfer of [...debits, ...credits]) {
            ledgers.add(transfer.ledger)
            assert.match(transfer.createdAt, isoTime)
            assert.match(transfer.debitAccountId, uuidV4)
            assert.match(transfer.creditAccountId, uuidV4)
        }
        assert.equal(ledgers.size, 1)
        for (const transfer of debits) assert.equal(transfer.debitAccountId, id)
        for (const transfer of credits) assert.equal(transfer.creditAccountId, id)
        for (const { id: of, createdAt, expiresAt } of debits) {
            if (of === atOnce) assert.equal(expiresAt, null)
            else assert.ok(Math.abs(Date.parse(expiresAt) - Date.parse(createdAt) - 3_600_000) < 10_000)
        }
        const limited = await admin.query(transfers, { id, limit: 1 })
        assert.deepEqual(limited, { debits: debits.slice(0, 1), credits: credits.slice(0, 1) })
        assert.deepEqual(await admin.query(transfers, { id, limit: 0 }), { debits: [], credits: [] })
        assert.deepEqual(await admin.query(transfers, { id: id.toUpperCase(), limit: 3 }), {
            debits: debits.slice(0, 3), credits,
        })
    })
}

test('posting and voiding anything but a pending withdrawal is refused', async () => {
    const { deposit, withdraw } = await account('Peer')
    const deposited = randomUUID()
    await deposit(10, { id: deposited })
    const withdrawn = await withdraw(5)
    for (const how of ['post', 'void']) {
        for (const id of ['none', '', ofVersion1(randomUUID())]) {
            await refusesEnd(how, id, 'Invalid transfer id', 'BAD_USER_INPUT')
        }
        await refusesEnd(how, randomUUID(), 'Unknown transfer', 'NOT_FOUND')
        await refusesEnd(how, deposited, 'Transfer already posted', 'CONFLICT')
        await refusesEnd(how, withdrawn, 'Transfer already posted', 'CONFLICT')
    }
})

test('older fields of posting and voiding', async () => {
    const { deposit, withdraw } = await account('Asset')
    await deposit(10)
    for (const [how, message] of [['post', 'Posted Withdrawal'], ['void', 'Voided Withdrawal']]) {
        const withdrawalId = await withdraw(1, { timeoutSeconds: 60 })
        const input = { withdrawalId, idempotencyKey: randomUUID() }
        assert.deepEqual(await admin.mutate(`${how}LiquidityWithdrawal`, input, 'code success message'), {
            code: '200', success: true, message,
        })
    }
})

test('the id of a transfer is one for all accounts, and for deposits and withdrawals', async () => {
    const peer = await account('Peer')
    const asset = await account('Asset')
    const id = randomUUID()
    await peer.deposit(10, { id })
    await asset.deposit(10)
    const message = 'Transfer already exists'
    const input = { ...asset.owner, amount: 1, id, timeoutSeconds: 60, idempotencyKey: randomUUID() }
    await admin.refuses('createAssetLiquidityWithdrawal', input, message, 'DUPLICATE')
    assert.equal(await asset.liquidity(), '10')
})

test('accountingTransfers: 20 by default, bounds of the limit, unknown accounts', async () => {
    const { id, deposit } = await account('Peer')
    const ids = []
    for (let amount = 1; amount <= 22; ++amount) {
        ids.unshift(randomUUID())
        await deposit(amount, { id: ids[0] })
    }
    const credits = async (limit) => (await admin.query(transfers, { id, limit })).credits.map((one) => one.id)
    assert.deepEqual(await credits(), ids.slice(0, 20))
    assert.deepEqual(await credits(21), ids.slice(0, 21))
    assert.deepEqual(await credits(100), ids)
    for (const limit of [-1, 1001]) {
        await admin.refusesQuery(transfers, { id, limit }, 'limit must be from 0 to 1000', 'BAD_USER_INPUT')
    }
    for (const unknown of [randomUUID(), 'none', '']) {
        await admin.refusesQuery(transfers, { id: unknown }, 'Account not found', 'NOT_FOUND')
    }
})

test('packets are transfers between the two peers', async () => {
    const asset = await admin.newAsset()
    const from = await admin.newPlugin('payer', { staticIlpAddress: 'test.payer', assetId: asset.id, initialLiquidity: 50 })
    const to = await admin.newPlugin('payee', { staticIlpAddress: 'test.payee', assetId: asset.id })
    fulfillAll(to.plugin)
    assert.ok((await send(from.plugin, { destination: 'test.payee.x', amount: 20 })).reply.fulfillment)
    await eventually(() => admin.liquidityOfPeer(to.peer.id), (amount) => amount === '20')
    const of = async (id) => {
        const { debits, credits } = await admin.query(transfers, { id })
        const brief = ({ transferType, amount, state }) => `${transferType} ${amount} ${state}`
        return { debits: debits.map(brief), credits: credits.map(brief) }
    }
    const packet = ['TRANSFER 20 POSTED']
    await eventually(() => of(from.peer.id), ({ debits }) => debits.length > 0)
    assert.deepEqual(await of(from.peer.id), { debits: packet, credits: ['DEPOSIT 50 POSTED'] })
    assert.deepEqual(await of(to.peer.id), { debits: [], credits: packet })
    const [{ debitAccountId, creditAccountId, id }] = (await admin.query(transfers, { id: to.peer.id })).credits
    assert.deepEqual([debitAccountId, creditAccountId], [from.peer.id, to.peer.id])
    assert.match(id, uuidV4)
    // Nothing of it can be taken twice.
    await admin.withdraw(to.peer.id, 20)
    await admin.refuses(
        'createPeerLiquidityWithdrawal', { peerId: to.peer.id, amount: 1, timeoutSeconds: 0, ...fresh() },
        'Insufficient transfer balance', 'FORBIDDEN',
    )
})

test('pending withdrawals wait through a restart, and expire all the same', async () => {
    const { liquidity, deposit, withdraw } = await account('Peer')
    await deposit(100)
    const stays = await withdraw(10, { timeoutSeconds: 3600 })
    const expires = await withdraw(20, { timeoutSeconds: 1 })
    assert.equal((await admin.query('{ node { pendingWithdrawals } }')).pendingWithdrawals >= 1, true)
    await admin.daemon.restart()
    await eventually(liquidity, (amount) => amount === '90')
    await refusesEnd('post', expires, 'Transfer already expired', 'FORBIDDEN')
    assert.deepEqual(await end('post', stays), { success: true })
    assert.equal(await liquidity(), '90')
})

test('a hundred concurrent withdrawals take no more than the liquidity', async () => {
    const { liquidity, deposit, owner } = await account('Peer')
    await deposit(30)
    const attempts = Array.from({ length: 100 }, () =>
        admin.mutate('createPeerLiquidityWithdrawal', { ...owner, amount: 1, timeoutSeconds: 0, ...fresh() }),
    )
    const settled = await Promise.allSettled(attempts)
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 30)
    for (const { reason } of settled) {
        if (reason) assert.equal(reason.response.errors[0].message, 'Insufficient transfer balance')
    }
    assert.equal(await liquidity(), '0')
})

test('a deposit and the deletion of its peer at once: the deposit is refused or goes back', async () => {
    const { asset } = await account('Peer')
    const outcome = (answer) => answer.then(() => 'done', ({ response }) => response.errors[0].message)
    for (let i = 0; i < 40; ++i) {
        const { id } = await admin.newPeer({ staticIlpAddress: `test.race${i}`, assetId: asset.id })
        const deletes = () => outcome(admin.mutate('deletePeer', { id }))
        const deposits = () => outcome(admin.deposit(id, 1))
        const started = i % 2 ? [deletes(), deposits()] : [deposits(), deletes()].reverse()
        const [deleted, deposited] = await Promise.all(started)
        assert.equal(deleted, 'done')
        assert.ok(['done', 'unknown peer'].includes(deposited), deposited)
    }
})
