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
let answers

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
    const queries = Object.values(documents).flat()
    const bodies = await ask(queries)
    answers = new Map(queries.map((query, index) => [query, bodies[index]]))
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

for (const [what, queries] of Object.entries(documents)) {
    test(`says what graphql-js says about ${what}`, () => {
        const differences = queries.filter((query) => {
            // Which operation shall run is no question of validity.
            const isOfValidation = ({ extensions }) => extensions.code !== 'OPERATION_RESOLUTION_FAILURE'
            const ours = comparable((answers.get(query)?.errors ?? []).filter(isOfValidation))
            const theirs = comparable(reference(query))
            if (isDeepStrictEqual(ours, theirs)) return false
            console.log({ query, ours, theirs })
            return true
        })
        assert.deepEqual(differences, [])
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
