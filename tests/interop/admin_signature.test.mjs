// Signed requests to the Admin API, as a client computes them: with node:crypto and a canonical form of its own.
import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { GraphQLClient } from 'graphql-request'
import { Admin, canonical } from './admin_support.mjs'

const secret = 'the-secret-of-the-operator'
const operator = '00000000-0000-4000-8000-000000000001'

let admin

before(async () => {
    admin = await Admin.start({ admin: { api_secret: secret } })
})

after(() => admin?.close())

const digestOf = (time, body, by = secret) =>
    createHmac('sha256', by).update(`${time}.${canonical(body)}`).digest('hex')

function sign(body, { time = Date.now(), by } = {}) {
    return `t=${time}, v1=${digestOf(time, body, by)}`
}

/** Posts octets; `{status, body}`. Headers that are undefined are left out. */
async function post(text, headers) {
    const given = { 'content-type': 'application/json', 'tenant-id': operator, ...headers }
    const present = Object.entries(given).filter(([, value]) => value !== undefined)
    const answer = await fetch(admin.url, { method: 'POST', headers: present, body: text })
    return { status: answer.status, body: await answer.json() }
}

const signed = (body, headers) => post(JSON.stringify(body), { signature: sign(body), ...headers })

let codes = 0

/** A mutation that has left a trace when it was executed. */
function createAsset() {
    const code = `S${++codes}`
    const query = 'mutation ($input: CreateAssetInput!) { createAsset(input: $input) { asset { code } } }'
    return { query, variables: { input: { code, scale: 1 } } }
}

async function exists({ variables: { input } }) {
    const body = {
        query: 'query ($code: String!) { assetByCodeAndScale(code: $code, scale: 1) { id } }',
        variables: { code: input.code },
    }
    const { status, body: answer } = await signed(body)
    assert.equal(status, 200)
    return answer.data.assetByCodeAndScale !== null
}

const unauthenticated = { errors: [{ message: 'Unauthenticated', extensions: { code: 'UNAUTHENTICATED' } }] }

async function refuses(body, text, headers, what) {
    assert.deepEqual(await post(text, headers), { status: 401, body: unauthenticated }, what)
    assert.equal(await exists(body), false, what)
}

test('a signed request is executed', async () => {
    const body = createAsset()
    assert.deepEqual(await signed(body), {
        status: 200,
        body: { data: { createAsset: { asset: { code: body.variables.input.code } } } },
    })
    assert.equal(await exists(body), true)
})

test('graphql-request with a signature in its middleware', async () => {
    const client = new GraphQLClient(admin.url, {
        requestMiddleware: (request) => ({
            ...request,
            headers: {
                ...Object.fromEntries(new Headers(request.headers)),
                'tenant-id': operator,
                signature: sign(JSON.parse(request.body)),
            },
        }),
    })
    const { query, variables } = createAsset()
    assert.ok(await client.request(query, variables))
    assert.deepEqual(await client.request('{ whoami { id } }'), { whoami: { id: operator } })
})

test('equal JSON in another notation has the same signature', async () => {
    const { query, variables } = createAsset()
    const { input } = variables
    const text = `{ "variables":{"input":{"scale":1.0e0, "code":"\\u0053${input.code.slice(1)}"}},\n
        "query": ${JSON.stringify(query).replace('mutation', '\\u006dutation')} }`
    const { status, body } = await post(text, { signature: sign({ query, variables }) })
    assert.equal(status, 200)
    assert.deepEqual(body.data, { createAsset: { asset: { code: input.code } } })
})

test('text beyond ASCII, and numbers, are signed as ECMAScript writes them', async () => {
    const query = 'query ($code: String!) { assetByCodeAndScale(code: $code, scale: 1) { id } }'
    for (const code of ['€', '貝', '😀', 'e\u0301', '\u0000\b\t\n\f\r"\\/\u007f\u2028', '\ufb33']) {
        const variables = { code, '😀': 1e21, '\ufb33': -0.5, 1: 1e-7, 10: [[], {}, null, true, 4.35], 9: 333333333.33333329 }
        const { body, status } = await signed({ query, variables })
        assert.equal(status, 200, JSON.stringify(body))
    }
})

test('equivalent forms of the header are accepted', async () => {
    for (const form of [
        (time, digest) => `t=${time},v1=${digest}`,
        (time, digest) => `t=${time}, v1=${digest.toUpperCase()}`,
        (time, digest) => `v1=${digest}, t=${time}`,
        (time, digest) => `t=${time}, v2=${digest}, v1=${digest}`,
        (time, digest) => `t=${time}, v1=${'0'.repeat(64)}, v1=${digest}`,
    ]) {
        const body = createAsset()
        const time = Date.now()
        const { status } = await post(JSON.stringify(body), { signature: form(time, digestOf(time, body)) })
        assert.equal(status, 200)
        assert.equal(await exists(body), true)
    }
})

const wrongs = {
    absent: () => undefined,
    'without a digest': (time) => `t=${time}`,
    'without a time': (time, digest) => `v1=${digest}`,
    'without names': (time, digest) => `${time}, ${digest}`,
    'empty': () => '',
    'only commas': () => ',,,',
    'a digest alone': (time, digest) => digest,
    'two times': (time, digest) => `t=${time}, t=${time}, v1=${digest}`,
    'a time that is no number': (time, digest) => `t=now, v1=${digest}`,
    'a time with a sign': (time, digest) => `t=+${time}, v1=${digest}`,
    'a negative time': (time, digest) => `t=-${time}, v1=${digest}`,
    'a time with a zero in front': (time, digest) => `t=0${time}, v1=${digest}`,
    'a time of many digits': (time, digest) => `t=${time}${'0'.repeat(300)}, v1=${digest}`,
    'a digest that is no hex': (time, digest) => `t=${time}, v1=${digest.slice(0, -1)}g`,
    'a digest too short': (time, digest) => `t=${time}, v1=${digest.slice(0, -1)}`,
    'a digest too long': (time, digest) => `t=${time}, v1=${digest}0`,
    'an empty digest': (time) => `t=${time}, v1=`,
    'something beside': (time, digest) => `t=${time}, v1=${digest}, x`,
    'semicolons': (time, digest) => `t=${time}; v1=${digest}`,
    'a version of another': (time, digest) => `t=${time}, v2=${digest}`,
    'a version without a number': (time, digest) => `t=${time}, v=${digest}`,
    'a wrong digest': (time, digest) => `t=${time}, v1=${digest[0] === '0' ? '1' : '0'}${digest.slice(1)}`,
    'a digest of another time': (time, digest) => `t=${time + 1}, v1=${digest}`,
    'very long': () => `t=${'1'.repeat(4000)}`,
}

for (const [what, form] of Object.entries(wrongs)) {
    test(`refused, and nothing executed: a signature ${what}`, async () => {
        const body = createAsset()
        const time = Date.now()
        const signature = form(time, digestOf(time, body))
        await refuses(body, JSON.stringify(body), { signature }, what)
    })
}

test('refused, and nothing executed: another secret, another body, another method of canonicalization', async () => {
    const body = createAsset()
    const text = JSON.stringify(body)
    await refuses(body, text, { signature: sign(body, { by: 'another-secret' }) })
    await refuses(body, text, { signature: sign(body, { by: '' }) })
    await refuses(body, text.replace('"scale":1', '"scale":2'), { signature: sign(body) })
    await refuses(body, text, { signature: sign({ ...body, variables: {} }) })
    await refuses(body, text, { signature: sign({ ...body, operationName: null }) })
    const time = Date.now()
    const plain = createHmac('sha256', secret).update(`${time}.${JSON.stringify({ variables: body.variables, query: body.query })}`)
    await refuses(body, text, { signature: `t=${time}, v1=${plain.digest('hex')}` })
})

test('refused, and nothing executed: too old, or too far ahead', async () => {
    for (const offset of [-31_000, -3_600_000, 40_000, 3_600_000]) {
        const body = createAsset()
        const signature = sign(body, { time: Date.now() + offset })
        await refuses(body, JSON.stringify(body), { signature }, `${offset} ms`)
    }
    const epoch = createAsset()
    await refuses(epoch, JSON.stringify(epoch), { signature: sign(epoch, { time: 0 }) })
    const ahead = createAsset()
    const accepted = async (body, offset) => {
        const { status } = await post(JSON.stringify(body), { signature: sign(body, { time: Date.now() + offset }) })
        assert.equal(status, 200, `${offset} ms`)
    }
    await accepted(ahead, 20_000)
    for (const offset of [-20_000, 20_000]) await accepted({ query: '{ whoami { id } }' }, offset)
})

test('refused, and nothing executed: an unknown tenant, and none', async () => {
    for (const tenant of [undefined, '', randomUUID(), 'operator', `${operator}0`]) {
        const body = createAsset()
        await refuses(body, JSON.stringify(body), { signature: sign(body), 'tenant-id': tenant }, String(tenant))
    }
})

test('a body that is not JSON cannot be signed', async () => {
    for (const text of ['', '{', 'query', '{"query": "{ whoami { id } }"} x', '{"query": "a", "query": "{ whoami { id } }"}']) {
        const { status, body } = await post(text, { signature: sign({}) })
        assert.equal(status, 401, text)
        assert.deepEqual(body, unauthenticated)
    }
})

test('a mutation is executed once per signature; a query may be repeated', async () => {
    const body = createAsset()
    const signature = sign(body)
    const text = JSON.stringify(body)
    assert.equal((await post(text, { signature })).status, 200)
    for (const again of [signature, signature.replace(', ', ','), signature.toUpperCase().replace('T=', 't=').replace('V1', 'v1')]) {
        assert.deepEqual(await post(text, { signature: again }), { status: 401, body: unauthenticated })
    }
    // With keys in another order it is the same request.
    const turned = JSON.stringify({ variables: body.variables, query: body.query })
    assert.equal((await post(turned, { signature })).status, 401)
    // Signed again it is a new one.
    const { errors } = (await post(text, { signature: sign(body, { time: Date.now() + 5 }) })).body
    assert.equal(errors[0].message, 'Asset already exists')

    const query = { query: '{ whoami { id } }' }
    const ofQuery = sign(query)
    for (let i = 0; i < 3; ++i) {
        const { status } = await post(JSON.stringify(query), { signature: ofQuery })
        assert.equal(status, 200)
    }
})

test('of a hundred equal signed mutations at once one is executed', async () => {
    const body = createAsset()
    const headers = { signature: sign(body) }
    const all = await Promise.all(Array.from({ length: 100 }, () => post(JSON.stringify(body), headers)))
    assert.equal(all.filter(({ status }) => status === 200).length, 1)
    assert.equal(all.filter(({ status }) => status === 401).length, 99)
})

test('a mutation beside a query in one document is executed once, too', async () => {
    const { query, variables } = createAsset()
    const both = { query: `query Q { whoami { id } } ${query.replace('mutation', 'mutation M')}`, variables }
    const ofQuery = { ...both, operationName: 'Q' }
    assert.equal((await signed(ofQuery)).status, 200)
    assert.equal(await exists({ variables }), false)
    const ofMutation = { ...both, operationName: 'M' }
    const other = sign(ofMutation)
    assert.equal((await post(JSON.stringify(ofMutation), { signature: other })).status, 200)
    assert.equal((await post(JSON.stringify(ofMutation), { signature: other })).status, 401)
    assert.equal(await exists({ variables }), true)
})

test('a mutation that was signed before a restart is refused after it', async () => {
    const body = createAsset()
    const headers = { signature: sign(body) }
    assert.equal((await post(JSON.stringify(body), headers)).status, 200)
    await admin.daemon.restart()
    assert.equal((await post(JSON.stringify(body), headers)).status, 401)
    assert.equal((await signed(createAsset())).status, 200)
})

test('the log says why, and names no secret', async () => {
    const log = await admin.daemon.logTail(100_000)
    assert.match(log, /no signature/)
    assert.ok(!log.includes(secret))
})
