// What the tests of the Admin API share: a daemon, and graphql-request as a client of it.
import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { ClientError, GraphQLClient } from 'graphql-request'
import { Network, freePorts } from './support.mjs'

export const largest = String(2n ** 64n - 1n)
export const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
export const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const wait_limit_ms = 30_000

/** Asks until `holds` says yes to an answer, and returns that one. */
export async function eventually(ask, holds = Boolean) {
    const deadline = Date.now() + wait_limit_ms
    for (;;) {
        const answer = await ask()
        if (holds(answer)) return answer
        if (Date.now() > deadline) assert.fail(`still ${JSON.stringify(answer)} after ${wait_limit_ms / 1000} s`)
        await pause(20)
    }
}

/** The only error of an answer, as `{message, code}`. */
export async function refusalOf(answer) {
    const error = await answer.then(
        (data) => assert.fail(`answered, not refused: ${JSON.stringify(data)}`),
        (failure) => failure,
    )
    if (!(error instanceof ClientError)) throw error
    const { errors } = error.response
    assert.equal(errors.length, 1, JSON.stringify(errors))
    return { message: errors[0].message, code: errors[0].extensions.code }
}

/** What is answered in place of a token to a request without a signature. */
export const hidden = '(hidden: sign the request)'

/** RFC 8785, as far as JSON.stringify does not do it already. */
export function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
    if (value === null || typeof value !== 'object') return JSON.stringify(value)
    const keys = Object.keys(value).sort() // by UTF-16 code units
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}

let lastTime = 0

/** A request middleware for graphql-request. Equal mutations need different times, because a signature counts once. */
const signing = (secret) => (request) => {
    const time = (lastTime = Math.max(Date.now(), lastTime + 1))
    const digest = createHmac('sha256', secret).update(`${time}.${canonical(JSON.parse(request.body))}`).digest('hex')
    const headers = new Headers(request.headers)
    headers.set('tenant-id', '00000000-0000-4000-8000-000000000001')
    headers.set('signature', `t=${time}, v1=${digest}`)
    return { ...request, headers }
}

const mutation = (name, input, selection) => `mutation ($input: ${input}!) { ${name}(input: $input) { ${selection} } }`

/** The type of a mutation's input. */
const inputOf = (name) => `${name[0].toUpperCase()}${name.slice(1)}Input`

/** A daemon, and what tests ask of it. */
export class Admin {
    #codes = 0

    /** With `signs`, requests are signed with that secret, which the daemon requires. */
    static async start({ name = 'alice', port, peers = [], signs, ...settings } = {}) {
        if (signs) settings.admin = { api_secret: signs, ...settings.admin }
        const admin = new Admin()
        admin.network = await Network.create()
        port ??= (await freePorts(1))[0]
        admin.port = port
        try {
            admin.daemon = await admin.network.daemon(name, { port, peers, ...settings })
        } catch (error) {
            await admin.network.close()
            throw error
        }
        admin.url = admin.daemon.adminUrl
        admin.client = new GraphQLClient(admin.url, signs ? { requestMiddleware: signing(signs) } : {})
        return admin
    }

    close() {
        return this.network.close()
    }

    ask(document, variables) {
        return this.client.request(document, variables)
    }

    /** The answer to one query: what stands behind its only field. */
    async query(document, variables) {
        return Object.values(await this.ask(document, variables))[0]
    }

    /** Runs one mutation; what `selection` gives of its answer. */
    async mutate(name, input, selection = 'success') {
        return (await this.ask(mutation(name, inputOf(name), selection), { input }))[name]
    }

    /** `message` is the text, or a pattern that matches it. */
    async refuses(name, input, message, code, selection = '__typename') {
        const refusal = await refusalOf(this.mutate(name, input, selection))
        if (message instanceof RegExp) assert.match(refusal.message, message)
        assert.deepEqual(refusal, { message: message instanceof RegExp ? refusal.message : message, code })
    }

    async refusesQuery(document, variables, message, code) {
        assert.deepEqual(await refusalOf(this.ask(document, variables)), { message, code })
    }

    /** An asset that no other test knows. */
    async newAsset({ code = `T${++this.#codes}`, scale = 9, ...terms } = {}) {
        const selection = 'asset { id code scale liquidity withdrawalThreshold liquidityThreshold createdAt }'
        return (await this.mutate('createAsset', { code, scale, ...terms }, selection)).asset
    }

    /** A peer; `terms` is what CreatePeerInput has beside the address, the asset and http. */
    async newPeer({ staticIlpAddress, assetId, port = 9, tokens = [randomUUID()], ...terms }) {
        const http = {
            incoming: { authTokens: tokens },
            outgoing: { authToken: 'to-the-peer', endpoint: `http://127.0.0.1:${port}/` },
        }
        const input = { http, staticIlpAddress, assetId, ...terms }
        return (await this.mutate('createPeer', input, 'peer { id name createdAt liquidity }')).peer
    }

    /** A peer that `Network.plugin` can be: `{peer, plugin}`. */
    async newPlugin(name, { staticIlpAddress, assetId, ...terms }) {
        const [port] = await freePorts(1)
        const http = {
            incoming: { authTokens: [`from-${name}`] },
            outgoing: { authToken: `to-${name}`, endpoint: `http://127.0.0.1:${port}/` },
        }
        const input = { http, staticIlpAddress, assetId, name, ...terms }
        const { peer } = await this.mutate('createPeer', input, 'peer { id }')
        return { peer, plugin: await this.network.plugin({ name, port, daemonPort: this.port }) }
    }

    async liquidityOfPeer(id) {
        return (await this.query('query ($id: String!) { peer(id: $id) { liquidity } }', { id })).liquidity
    }

    async liquidityOfAsset(id) {
        return (await this.query('query ($id: String!) { asset(id: $id) { liquidity } }', { id })).liquidity
    }

    deposit(peerId, amount, more = {}) {
        const input = { peerId, amount, id: randomUUID(), idempotencyKey: randomUUID(), ...more }
        return this.mutate('depositPeerLiquidity', input)
    }

    depositToAsset(assetId, amount, more = {}) {
        const input = { assetId, amount, id: randomUUID(), idempotencyKey: randomUUID(), ...more }
        return this.mutate('depositAssetLiquidity', input)
    }

    /** Withdraws, at once unless `more` says otherwise; the id of the transfer. */
    async withdraw(peerId, amount, more = {}) {
        const id = randomUUID()
        const input = { peerId, amount, id, idempotencyKey: randomUUID(), timeoutSeconds: 0, ...more }
        assert.deepEqual(await this.mutate('createPeerLiquidityWithdrawal', input), { success: true })
        return id
    }
}
