// The Admin API's GraphQL engine beside graphql-js, by one schema.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual, promisify } from 'node:util'
import {
    buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, parse, printSchema, validate,
    valueFromASTUntyped,
} from 'graphql'
import { documents } from './graphql_documents.mjs'
import { temporaryDirectory } from './support.mjs'

const schemaFile = new URL('../../peering/admin/schema.graphql', import.meta.url)

let directory
let schemaText
let schema

/** What the engine says to each of these documents: the body of its answer, or null for "valid". */
async function ask(queries) {
    const file = join(directory, 'documents.json')
    await writeFile(file, JSON.stringify(queries))
    const { stdout } = await promisify(execFile)(process.env.GRAPHQL_ANSWERS, [file], { maxBuffer: 1 << 26 })
    return JSON.parse(stdout)
}

/** buildSchema knows nothing of our scalars. */
function teachScalars() {
    const whole = (name, max) => {
        const parse = (value) => {
            const digits = typeof value === 'string' ? value : String(value)
            if (!/^[0-9]+$/.test(digits) || BigInt(digits) > max) throw new TypeError(`${name}: ${digits}`)
            return BigInt(digits)
        }
        const type = schema.getType(name)
        type.parseValue = parse
        type.parseLiteral = (node) => {
            if (node.kind !== 'IntValue' && node.kind !== 'StringValue') throw new TypeError(`${name}: ${node.kind}`)
            return parse(node.value)
        }
    }
    whole('UInt8', 255n)
    whole('UInt64', 2n ** 64n - 1n)
    schema.getType('JSONObject').parseLiteral = (node) => valueFromASTUntyped(node)
}

before(async () => {
    directory = await temporaryDirectory()
    schemaText = await readFile(schemaFile, 'utf8')
    schema = buildSchema(schemaText)
    teachScalars()
})

after(async () => {
    await rm(directory, { recursive: true, force: true })
})

/**
 * Errors as comparable text, in an order of their own. Left out: suggestions, words about our scalars, and whether the
 * type of a wrong value may be null, in which graphql-js is of two minds.
 */
function comparable(errors) {
    const reword = (message) =>
        message
            .replace(/ Did you mean (?!.*\{).*$/, '')
            .replace(/(Expected value of type "UInt\d+!?", found .*);.*$/, '$1')
            .replace(/(Expected value of type "\w+)!"/, '$1"')
    const place = ({ line, column }) => `${line}:${column}`
    return errors.map(({ message, locations }) => `${(locations ?? []).map(place).join(' ')} ${reword(message)}`).sort()
}

function reference(query) {
    try {
        return validate(schema, parse(query))
    } catch (error) {
        return [error]
    }
}

/** Of these documents, those that the two judge differently, or find different faults in. */
function differences(queries, bodies) {
    return queries.filter((query, index) => {
        // Which operation shall run is no question of validity.
        const isOfValidation = ({ extensions }) => extensions.code !== 'OPERATION_RESOLUTION_FAILURE'
        const ours = comparable((bodies[index]?.errors ?? []).filter(isOfValidation))
        const theirs = comparable(reference(query))
        if (isDeepStrictEqual(ours, theirs)) return false
        console.log({ query, ours, theirs })
        return true
    })
}

for (const [what, queries] of Object.entries(documents)) {
    test(`says what graphql-js says about ${what}`, async () => {
        assert.deepEqual(differences(queries, await ask(queries)), [])
    })
}

test('says what graphql-js says about documents that are damaged at random', async () => {
    const queries = damaged(Object.values(documents).flat(), 3000)
    // graphql-js knows descriptions of operations, which came after October 2021, and looks further into documents that
    // spread a fragment within itself, or define types.
    const isOurs = (query) => !/description|within itself|not executable/.test(comparable(reference(query)).join())
    const comparables = queries.filter((query) => !/^\s*(schema|type|directive)|["\w]" *query/.test(query) && isOurs(query))
    assert.ok(comparables.length > 2000)
    assert.deepEqual(differences(comparables, await ask(comparables)), [])
})

/** `count` documents, each one of `whole` with a token or two taken out, put in, or changed. The same at every run. */
function damaged(whole, count) {
    const tokens = (query) => query.match(/"""[^]*?"""|"(?:\\.|[^"\\\n])*"|\.\.\.|[\w-]+|\s+|[^\s\w]/g) ?? []
    const pool = whole.flatMap(tokens).filter((token) => token.trim() && !token.startsWith('"'))
    let seed = 1
    const below = (limit) => {
        seed = (seed * 48271) % 2147483647
        return Math.floor((seed / 2147483647) * limit)
    }
    return Array.from({ length: count }, () => {
        const parts = tokens(whole[below(whole.length)])
        for (let faults = 1 + below(2); faults > 0; --faults) {
            const at = below(parts.length + 1)
            parts.splice(at, below(2), ...(below(2) ? [` ${pool[below(pool.length)]} `] : []))
        }
        return parts.join('')
    })
}

test('there are enough documents, of both kinds', () => {
    const verdicts = Object.values(documents).flat().map((query) => reference(query).length === 0)
    assert.ok(verdicts.filter((valid) => valid).length >= 75)
    assert.ok(verdicts.filter((valid) => !valid).length >= 150)
})

test('a client builds the same schema from introspection', async () => {
    const everything = { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true }
    const [usual, full] = await ask([getIntrospectionQuery(), getIntrospectionQuery(everything)])
    const printed = (of) => printSchema(lexicographicSortSchema(of))
    const wanted = buildSchema(schemaText)
    assert.equal(printed(buildClientSchema(full.data)), printed(wanted))
    wanted.description = undefined // the usual query does not ask for it
    assert.equal(printed(buildClientSchema(usual.data)), printed(wanted))
})
