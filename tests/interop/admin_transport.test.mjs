// The Admin API as HTTP sees it: statuses, types, bounds; and that graphql-js understands its schema.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql'
import { Admin } from './admin_support.mjs'

const json = 'application/json'
const graphql = 'application/graphql-response+json'

let admin

before(async () => {
    admin = await Admin.start()
})

after(() => admin?.close())

/** fetch() adds headers of its own; this does not. */
function call({ method = 'POST', path = '/graphql', headers = { 'content-type': json }, body = '' } = {}) {
    return new Promise((done, failed) => {
        const url = new URL(path, admin.url)
        const sent = request(url, { method, headers }, async (answer) => {
            const text = Buffer.concat(await answer.toArray()).toString()
            done({ status: answer.statusCode, headers: answer.headers, text })
        })
        sent.once('error', failed)
        sent.end(body)
    })
}

const ask = (body, headers = {}) =>
    call({ body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': json, ...headers } })

const whoami = { query: '{ whoami { isOperator } }' }

async function refuses(status, message, code, body) {
    const answer = await ask(body)
    assert.equal(answer.status, status, answer.text)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { errors, data } = JSON.parse(answer.text)
    assert.equal(data, undefined)
    if (message instanceof RegExp) assert.match(errors[0].message, message)
    else assert.equal(errors[0].message, message)
    assert.equal(errors[0].extensions.code, code)
}

test('a response is JSON that must not be cached', async () => {
    const { status, headers, text } = await ask(whoami)
    assert.equal(status, 200)
    assert.match(headers['content-type'], /^application\/json(;|$)/)
    assert.equal(headers['cache-control'], 'no-store')
    assert.deepEqual(JSON.parse(text), { data: { whoami: { isOperator: true } } })
})

test('paths and methods', async () => {
    for (const path of ['/', '/graphq', '/graphql/', '/graphql/x', '/GraphQL', '/metrics']) {
        assert.equal((await call({ path, body: JSON.stringify(whoami) })).status, 404, path)
    }
    for (const path of ['/graphql?', '/graphql?x=y']) {
        assert.equal((await call({ path, body: JSON.stringify(whoami) })).status, 200, path)
    }
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const { status, headers } = await call({ method })
        assert.equal(status, 405, method)
        assert.equal(headers.allow, 'POST')
        assert.equal(headers['cache-control'], 'no-store')
    }
    const health = await call({ method: 'GET', path: '/healthz', headers: {} })
    assert.equal(health.status, 200)
})

test('content types', async () => {
    const body = JSON.stringify(whoami)
    for (const type of [json, 'Application/JSON', `${json};charset=utf-8`, `${json}; charset="UTF-8"`]) {
        assert.equal((await call({ body, headers: { 'content-type': type } })).status, 200, type)
    }
    for (const type of [
        'text/plain', 'application/graphql', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
        '', 'application/jsonp', `${json}; charset=latin1`,
    ]) {
        assert.equal((await call({ body, headers: { 'content-type': type } })).status, 415, type)
    }
    assert.equal((await call({ body, headers: {} })).status, 415)
})

test('the newer media type, when it is asked for', async () => {
    for (const [accept, type] of [
        [graphql, graphql],
        [`${graphql}, ${json}`, graphql],
        [`${graphql};charset=utf-8, ${json}; charset=utf-8`, graphql],
        [`${json}, ${graphql}`, json],
        [`${json};q=0.5, ${graphql}`, graphql],
        [`${graphql};q=0, ${json}`, json],
        [json, json],
        ['*/*', json],
        ['text/html', json],
    ]) {
        for (const [body, status] of [[whoami, 200], [{ query: '{' }, 400], ['no JSON', 400]]) {
            const answer = await ask(body, { accept })
            assert.equal(answer.status, status)
            assert.equal(answer.headers['content-type'].split(';')[0], type, accept)
            JSON.parse(answer.text)
        }
    }
})

test('bodies that are not a request are refused', async () => {
    const wrong = 'BAD_USER_INPUT'
    for (const body of ['', ' ', '{', 'query', '{ whoami { id } }', '{"query": "{ whoami { id } }"} x', '\u0000', "{'query': ''}"]) {
        await refuses(400, 'The body is not JSON.', wrong, body)
    }
    for (const body of ['null', '1', '"{ whoami { id } }"', 'true']) {
        await refuses(400, 'The body must be a JSON object.', wrong, body)
    }
    for (const body of [{}, { query: null }, { query: 1 }, { query: ['{ whoami { id } }'] }, { Query: '{ whoami { id } }' }]) {
        await refuses(400, 'The body must have "query", a string.', wrong, body)
    }
    for (const variables of ['{}', 1, [], true]) {
        await refuses(400, '"variables" must be an object or null.', wrong, { ...whoami, variables })
    }
    for (const operationName of [1, {}, [], false]) {
        await refuses(400, '"operationName" must be a string or null.', wrong, { ...whoami, operationName })
    }
    assert.equal((await ask({ ...whoami, variables: null, operationName: null, extensions: {}, id: 1 })).status, 200)
})

test('batches are refused', async () => {
    for (const batch of [[], [whoami], [whoami, whoami]]) {
        const message = 'Batches of requests are not supported: send one request at a time.'
        await refuses(400, message, 'BAD_USER_INPUT', batch)
    }
})

test('documents that fail to parse, or to validate', async () => {
    const syntax = 'GRAPHQL_PARSE_FAILED'
    for (const query of ['', '{', '{ whoami { id }', '}', 'whoami', '{ whoami { id } } }', '"', '{ a(b: ) }', '\u0000']) {
        await refuses(400, /^Syntax Error: /, syntax, { query })
    }
    const invalid = 'GRAPHQL_VALIDATION_FAILED'
    await refuses(400, /^Cannot query field "nothing" on type "Query"\./, invalid, { query: '{ nothing }' })
    await refuses(400, /must have a selection of subfields/, invalid, { query: '{ whoami }' })
    await refuses(400, /Variable "\$x" is not defined/, invalid, { query: '{ peer(id: $x) { id } }' })
    await refuses(400, /is required, but it was not provided/, invalid, { query: '{ peer { id } }' })
})

test('operationName selects the operation', async () => {
    const query = 'query A { whoami { id } } query B { whoami { isOperator } }'
    const { text } = await ask({ query, operationName: 'B' })
    assert.deepEqual(JSON.parse(text), { data: { whoami: { isOperator: true } } })
    for (const operationName of [undefined, 'C', '']) {
        const { status, text: refused } = await ask({ query, operationName })
        assert.equal(status, 400)
        assert.ok(JSON.parse(refused).errors[0].message)
    }
})

test('variables that do not fit are an answer with errors, and nothing is executed', async () => {
    const query = 'query ($id: String!) { peer(id: $id) { id } }'
    for (const variables of [{}, { id: null }, { id: 1 }, { id: {} }]) {
        const { text } = await ask({ query, variables })
        const { errors, data } = JSON.parse(text)
        assert.equal(errors.length, 1)
        assert.match(errors[0].message, /^Variable "\$id" /)
        assert.ok(data == null)
    }
})

test('an error in one field leaves the others', async () => {
    const { status, text } = await ask({ query: '{ peer(id: "none") { id } whoami { isOperator } }' })
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), {
        data: { peer: null, whoami: { isOperator: true } },
        errors: [
            {
                message: 'unknown peer',
                locations: [{ line: 1, column: 3 }],
                path: ['peer'],
                extensions: { code: 'NOT_FOUND' },
            },
        ],
    })
})

// --- Bounds

test('a body that is too large is refused', async () => {
    const padded = (size) => {
        const body = JSON.stringify({ ...whoami, padding: '' })
        return body.replace('""', `"${'x'.repeat(size - body.length)}"`)
    }
    const limit = 256 * 1024
    assert.equal((await ask(padded(limit))).status, 200)
    const answer = await ask(padded(limit + 1)).catch((error) => error)
    if (answer instanceof Error) assert.ok(['ECONNRESET', 'EPIPE'].includes(answer.code))
    else assert.equal(answer.status, 413)
})

test('too much nesting and too many tokens, fields and selections are refused', async () => {
    const parse = 'GRAPHQL_PARSE_FAILED'
    const invalid = 'GRAPHQL_VALIDATION_FAILED'
    const nested = (levels) => ({ query: '{ a '.repeat(levels) + '}'.repeat(levels) })
    await refuses(400, /^Syntax Error: Document is nested more than 32 levels deep\.$/, parse, nested(33))
    await refuses(400, /^Cannot query field/, invalid, nested(32))
    await refuses(400, /nested more than 32 levels deep/, parse, nested(20_000))

    await refuses(
        400, 'Syntax Error: Document contains more than 10000 tokens. Parsing aborted.', parse,
        { query: `{ whoami { ${'id '.repeat(10_000)} } }` },
    )
    await refuses(400, /^Syntax Error: /, parse, { query: `{ whoami { id } } #${'x'.repeat(128 * 1024)}` })

    const aliases = (count) =>
        `{ ${Array.from({ length: count }, (_, i) => `a${i}:whoami{id}`).join(' ')} }`
    assert.equal((await ask({ query: aliases(1000) })).status, 200)
    await refuses(400, /^Syntax Error: Document contains more than|^The document asks for more than 4000 fields\.$/, invalid, {
        query: `query { ...A } fragment A on Query { ${'whoami { id } '.repeat(1200)} ${'node { version }'.repeat(1200)} }`,
    })

    // Fragments that grow when they are spread.
    const doubling = Array.from({ length: 20 }, (_, i) => `fragment F${i} on WhoamiResponse { ...F${i + 1} ...F${i + 1} }`)
    await refuses(400, /^(The document asks for more than 4000 fields|Selections are nested more than 32 levels deep)\.$/, invalid, {
        query: `{ whoami { ...F0 } } ${doubling.join(' ')} fragment F20 on WhoamiResponse { id }`,
    })
    const deep = Array.from({ length: 40 }, (_, i) => `fragment D${i} on WhoamiResponse { ...D${i + 1} }`)
    await refuses(400, 'Selections are nested more than 32 levels deep.', invalid, {
        query: `{ whoami { ...D0 } } ${deep.join(' ')} fragment D40 on WhoamiResponse { id }`,
    })
})

test('pages that multiply are refused before anything is executed', async () => {
    const page = (outer, inner) => ({ query: `{ assets(first: ${outer}) { edges { node { fees(first: ${inner}) { edges { cursor } } } } } }` })
    const { status, text } = await ask(page(100, 100))
    assert.equal(status, 200)
    const { errors, data } = JSON.parse(text)
    assert.ok(data == null)
    assert.deepEqual(
        errors.map(({ message, extensions: { code } }) => [message, code]),
        [['The document asks for more than 5000 nodes, because nested pages multiply: request smaller pages.', 'BAD_USER_INPUT']],
    )
    assert.ok(JSON.parse((await ask(page(40, 100))).text).data.assets)
    const variables = { n: 100 }
    const query = 'query ($n: Int) { assets(first: $n) { edges { node { fees(first: $n) { edges { cursor } } } } } }'
    assert.match((await ask({ query, variables })).text, /more than 5000 nodes/)
    const aliases = Array.from({ length: 51 }, (_, i) => `a${i}: peers(first: 100) { edges { cursor } }`)
    assert.match((await ask({ query: `{ ${aliases.join(' ')} }` })).text, /more than 5000 nodes/)
    const mutations = Array.from({ length: 51 }, (_, i) => `a${i}: createAsset(input: {code: "M${i}", scale: 1}) {
        asset { fees(first: 100) { edges { cursor } } } }`)
    assert.match((await ask({ query: `mutation { ${mutations.join(' ')} }` })).text, /more than 5000 nodes/)
    const { data: found } = JSON.parse((await ask({ query: '{ assetByCodeAndScale(code: "M0", scale: 1) { id } }' })).text)
    assert.equal(found.assetByCodeAndScale, null)
})

// --- Introspection

test('graphql-js builds the schema from the answer to the usual introspection query', async () => {
    const { data } = JSON.parse((await ask({ query: getIntrospectionQuery() })).text)
    const printed = (schema) => printSchema(lexicographicSortSchema(schema))
    const wanted = buildSchema(await readFile(new URL('../../peering/admin/schema.graphql', import.meta.url), 'utf8'))
    wanted.description = undefined // the usual query does not ask for it
    assert.equal(printed(buildClientSchema(data)), printed(wanted))
})

test('__typename is everywhere', async () => {
    const { text } = await ask({ query: '{ __typename whoami { __typename } assets { __typename pageInfo { __typename } } }' })
    assert.deepEqual(JSON.parse(text).data, {
        __typename: 'Query',
        whoami: { __typename: 'WhoamiResponse' },
        assets: { __typename: 'AssetsConnection', pageInfo: { __typename: 'PageInfo' } },
    })
})

test('two hundred requests at once', async () => {
    const body = JSON.stringify(whoami)
    const answers = await Promise.all(
        Array.from({ length: 200 }, () => fetch(admin.url, { method: 'POST', headers: { 'content-type': json }, body })),
    )
    for (const answer of answers) {
        assert.equal(answer.status, 200)
        await answer.arrayBuffer()
    }
})
