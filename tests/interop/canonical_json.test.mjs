// Canonical JSON against ECMAScript itself, of whose JSON.stringify it is the definition but for the order of the keys.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'

const COUNT = 20_000

/** JSON.stringify would put keys that look like array indices first. */
function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
    if (value === null || typeof value !== 'object') return JSON.stringify(value)
    const members = Object.keys(value).sort()
    return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}

/** The answers of the program under test, one for each text. */
function ask(texts) {
    const program = spawnSync(process.env.CANONICAL_JSON, { input: texts.join('\n') + '\n', maxBuffer: 1 << 30 })
    assert.equal(program.status, 0, program.stderr?.toString())
    return program.stdout.toString().trimEnd().split('\n')
}

/** A Mulberry32 generator: one number, printed on failure, brings a run back. */
function generator(seed) {
    const next = () => {
        seed = (seed + 0x6d2b79f5) | 0
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
        return (t ^ (t >>> 14)) >>> 0
    }
    return { below: (bound) => next() % bound, bits: next }
}

function numberText({ below, bits }) {
    const digits = (count) => Array.from({ length: count }, () => below(10)).join('').replace(/^0+(?=.)/, '')
    const sign = below(2) ? '-' : ''
    switch (below(5)) {
        case 0:
            return sign + digits(1 + below(25))
        case 1:
            return `${sign}${digits(1 + below(20))}.${digits(1 + below(20))}`
        case 2:
            return `${sign}${digits(1 + below(20))}.${digits(1 + below(20))}e${below(600) - 330}`
        case 3: {
            const number = new DataView(Uint32Array.of(bits(), bits()).buffer).getFloat64(0)
            return Number.isFinite(number) ? number.toExponential(below(21)) : '0'
        }
        default: {
            const number = new DataView(Uint32Array.of(bits(), bits()).buffer).getFloat64(0)
            return Number.isFinite(number) ? String(number) : '-0.0'
        }
    }
}

function stringText({ below }) {
    const character = () => {
        switch (below(6)) {
            case 0:
                return String.fromCodePoint(below(0x20))
            case 1:
                return String.fromCodePoint(0xe000 + below(0x2000))
            case 2:
                return String.fromCodePoint(0x10000 + below(0x100000))
            case 3:
                return String.fromCodePoint(0x80 + below(0xd780))
            default:
                return String.fromCodePoint(0x20 + below(0x5f))
        }
    }
    const text = JSON.stringify(Array.from({ length: below(8) }, character).join(''))
    // The same text in longer words.
    return below(3) ? text : text.replace(/[^\\"\u0020-\u007e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function valueText(random, depth) {
    const { below } = random
    const space = () => ' \t'.repeat(below(2))
    const list = (make) => Array.from({ length: below(6) }, make).join(`${space()},`)
    switch (below(depth > 4 ? 4 : 6)) {
        case 0:
            return ['null', 'true', 'false'][below(3)]
        case 1:
            return stringText(random)
        case 2:
        case 3:
            return numberText(random)
        case 4:
            return `[${space()}${list(() => valueText(random, depth + 1))}]`
        default:
            return `{${list(() => `${stringText(random)}:${space()}${valueText(random, depth + 1)}`)}}`
    }
}

test('the canonical form of random JSON agrees with ECMAScript', () => {
    const seed = randomInt(2 ** 32 - 1)
    const random = generator(seed)
    const texts = []
    while (texts.length < COUNT) {
        const text = valueText(random, 0)
        // JSON.stringify makes null of what is too large.
        if (!/[eE]/.test(text) || !JSON.stringify(JSON.parse(text)).includes('null')) texts.push(text)
    }
    const answers = ask(texts)
    assert.equal(answers.length, texts.length)
    for (const [index, text] of texts.entries()) {
        assert.equal(answers[index], canonical(JSON.parse(text)), `seed ${seed}: ${text}`)
    }
})

test('a number too large for ECMAScript has no canonical form', () => {
    assert.deepEqual(ask(['1e400', '[-1e400]', '1e308', '{"a":2e308}']), ['refused', 'refused', '1e+308', 'refused'])
})
