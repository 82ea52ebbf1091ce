// What the interop tests and the demo share: a daemon as a child process, and JavaScript peers of it.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { PostgresServer } from './postgres.mjs'

const require = createRequire(import.meta.url)
const PluginHttp = require('ilp-plugin-http')
const { StreamServer } = require('@interledger/stream-receiver')
const { createConnection, createServer: createStreamServer } = require('ilp-protocol-stream')
const {
    deserializeIlpPrepare,
    deserializeIlpReply,
    isIlpReply,
    serializeIlpFulfill,
    serializeIlpPrepare,
    serializeIlpReply,
} = require('ilp-packet')

/** Long enough for a build under a sanitizer on a busy machine; nothing waits for it when all is well. */
const START_LIMIT_MS = 30_000
const READY_LIMIT_MS = 1_000
/** The daemon lets packets in flight finish, so it may take as long as its maximum hold time. */
const STOP_LIMIT_MS = 45_000
/** No packet outlives its expiry, which is at most the maximum hold time away. */
const IDLE_LIMIT_MS = 40_000

const givenPorts = new Set()

/** `count` ports of the loopback address that nobody listens on now. They are below those that the system gives to outgoing connections and to whoever asks for any port, so that nobody gets
 * them between this call and their use. The tests in C++ use those from 15000 on. */
export async function freePorts(count) {
    const ports = []
    for (let attempt = 0; ports.length < count; attempt++) {
        if (attempt === 1000) throw new Error('no free TCP port found on 127.0.0.1')
        const port = 10_000 + Math.floor(Math.random() * 5_000)
        if (givenPorts.has(port)) continue
        const server = createServer()
        server.listen(port, '127.0.0.1')
        if (!(await once(server, 'listening').catch(() => null))) continue
        await new Promise((closed) => server.close(closed))
        givenPorts.add(port)
        ports.push(port)
    }
    return ports
}

export async function temporaryDirectory() {
    return mkdtemp(join(tmpdir(), 'ilpd-'))
}

/** A running ilpd. `host` and `metricsPort` must be those that its configuration names. */
export class Daemon {
    constructor({ binary, name, configFile, metricsPort, directory, host = '127.0.0.1', environment = process.env }) {
        const log = join(directory, `${name}.log`)
        Object.assign(this, { binary, name, configFile, metricsPort, directory, host, environment, log })
    }

    /** Starts `binary` in `directory` and returns once /readyz says so. */
    static async start(options) {
        const daemon = new Daemon(options)
        daemon.launch()
        await daemon.#untilReady()
        return daemon
    }

    /** Ends it as `stop` does, and starts it again with what its configuration file says then. */
    async restart() {
        const how = await this.stop()
        if (how.code !== 0) throw new Error(`${this.name}: ${describeEnd(how)} after SIGTERM`)
        this.launch()
        await this.#untilReady()
    }

    /** Starts the process, and does not wait for anything. */
    launch() {
        const child = spawn(this.binary, ['--config', this.configFile], {
            cwd: this.directory,
            env: this.environment,
            stdio: ['ignore', 'pipe', 'pipe'],
        })
        const exited = new Promise((done) => {
            child.once('error', (error) => done({ error }))
            child.once('exit', (code, signal) => done({ code, signal }))
        })
        const file = createWriteStream(this.log, { flags: 'a' })
        child.stdout.pipe(file, { end: false })
        child.stderr.pipe(file, { end: false })
        Object.assign(this, { child, exited, ended: undefined })
        exited.then((how) => {
            if (this.child === child) this.ended = how
        })
    }

    /** Whether packets are accepted. A process that does not answer within a second is not ready. */
    async isReady() {
        try {
            const answer = await fetch(`http://${this.host}:${this.metricsPort}/readyz`, {
                signal: AbortSignal.timeout(READY_LIMIT_MS),
            })
            await answer.arrayBuffer()
            return answer.ok
        } catch {
            return false // Not listening yet, or stopped in its tracks.
        }
    }

    async #untilReady() {
        const deadline = Date.now() + START_LIMIT_MS
        while (Date.now() < deadline) {
            if (this.ended) {
                throw new Error(`${this.name} did not start: ${describeEnd(this.ended)}\n${await this.logTail()}`)
            }
            if (await this.isReady()) return
            await pause(30)
        }
        this.child.kill('SIGKILL')
        throw new Error(`${this.name} was not ready after ${START_LIMIT_MS / 1000} s\n${await this.logTail()}`)
    }

    /** Every sample of /metrics, as `{name, labels, value}`. */
    async metrics() {
        const answer = await fetch(`http://${this.host}:${this.metricsPort}/metrics`)
        return parseMetrics(await answer.text())
    }

    /**
     * What each peer may still spend, by the peer's name. Exact up to 2^53, as every Prometheus sample is. Waits until
     * no packet is in flight: a STREAM receiver probes the way back, and what its probes hold is not spent.
     */
    async liquidity() {
        const deadline = Date.now() + IDLE_LIMIT_MS
        for (;;) {
            const samples = await this.metrics()
            const valuesOf = (name) => samples.filter((sample) => sample.name === name)
            if (valuesOf('ilp_packets_in_flight').every((sample) => sample.value === 0)) {
                const liquidity = valuesOf('ilp_peer_liquidity')
                return Object.fromEntries(liquidity.map((sample) => [sample.labels.peer, BigInt(sample.value)]))
            }
            if (Date.now() > deadline) throw new Error(`${this.name} still has packets in flight`)
            await pause(30)
        }
    }

    /** The sum of a counter's samples whose labels include `labels`. */
    async count(name, labels) {
        const matches = (sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
        return (await this.metrics())
            .filter((sample) => sample.name === name && matches(sample))
            .reduce((sum, sample) => sum + sample.value, 0)
    }

    /** SIGTERM, and the end of the process: `{code, signal}`. A second call returns the same. */
    async stop() {
        if (!this.ended) this.child.kill('SIGTERM')
        const limit = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS)
        const how = await this.exited
        clearTimeout(limit)
        return how
    }

    async logTail(lines = 15) {
        const text = await readFile(this.log, 'utf8').catch(() => '')
        return text.trimEnd().split('\n').slice(-lines).join('\n')
    }
}

export function describeEnd({ error, code, signal }) {
    if (error) return error.message
    return signal ? `ended by ${signal}` : `exit status ${code}`
}

export function parseMetrics(text) {
    const samples = []
    for (const line of text.split('\n')) {
        const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
        if (!name) continue
        const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1], match[2]])
        samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) })
    }
    return samples
}

/**
 * ilp-plugin-http as a peer of a daemon: posts to `url`, with `http2` over HTTP/2, and listens on `port` for what the
 * daemon posts.
 */
export async function connectPlugin({ name, port, url, incomingToken, outgoingToken, http2 = false }) {
    const plugin = new PluginHttp({
        incoming: { port, staticToken: incomingToken },
        outgoing: { url, staticToken: outgoingToken, name, http2 },
    })
    await plugin.connect()
    plugin._app.silent = true // what reaches it after its end is answered, not printed
    return plugin
}

/** Its listener would keep the process alive for as long as the daemon keeps a connection open. */
export async function disconnectPlugin(plugin) {
    await plugin.disconnect()
    plugin._httpServer.closeAllConnections()
}

/** Daemons and clients of one test, ended together. JSON is YAML, so a configuration is a plain object. */
export class Network {
    #daemons = []
    #clients = []
    #postgres

    static async create() {
        const network = new Network()
        network.directory = await temporaryDirectory()
        return network
    }

    /** Starts the daemon that ILPD names, with one asset (USD, scale 9) unless `settings` says otherwise. */
    async daemon(name, { port, peers, admin, ...settings }) {
        const binary = process.env.ILPD
        if (!binary) throw new Error('ILPD must hold the path of the daemon to test')
        const [metricsPort, adminPort] = await freePorts(2)
        const config = {
            ilp_address: `test.${name}`,
            connector: { listen: `127.0.0.1:${port}`, workers: 2 },
            admin: { listen: `127.0.0.1:${adminPort}`, ...admin },
            metrics: { listen: `127.0.0.1:${metricsPort}` },
            store: { url: await this.#storeUrl(name) },
            assets: [{ code: 'USD', scale: 9 }],
            peers,
            ...settings,
        }
        const configFile = join(this.directory, `${name}.yaml`)
        await writeFile(configFile, JSON.stringify(config, null, 2))
        const daemon = await Daemon.start({ binary, name, configFile, metricsPort, directory: this.directory })
        daemon.adminUrl = `http://${config.admin.listen}/graphql`
        this.#daemons.push(daemon)
        return daemon
    }

    /** A new store: a file for SQLite, or with ILPD_INTEROP_STORE=postgresql a database of a server of its own. */
    async #storeUrl(name) {
        if (process.env.ILPD_INTEROP_STORE !== 'postgresql') return `sqlite:${join(this.directory, `${name}.db`)}`
        this.#postgres ??= await PostgresServer.start()
        return this.#postgres.database(name)
    }

    /** The peer of `peer(name)`: posts to `daemonPort`, listens on `port`. Connected until the test ends. */
    async plugin({ port, daemonPort, name, http2 = false }) {
        const plugin = await connectPlugin({
            name,
            port,
            url: `http://127.0.0.1:${daemonPort}/ilp`,
            incomingToken: `to-${name}`,
            outgoingToken: `from-${name}`,
            http2,
        })
        this.#clients.push(plugin)
        return plugin
    }

    /** Ends everything; throws when a daemon does not stop cleanly, with the end of its log. */
    async close() {
        for (const plugin of this.#clients) await disconnectPlugin(plugin)
        for (const daemon of this.#daemons) {
            const how = await daemon.stop()
            if (how.code !== 0) {
                await this.#postgres?.stop()
                throw new Error(`${daemon.name}: ${describeEnd(how)} after SIGTERM\n${await daemon.logTail(40)}`)
            }
        }
        await this.#postgres?.stop()
        await rm(this.directory, { recursive: true, force: true })
    }
}

/** The `peers` entry of a daemon for the peer that `Network.plugin` makes with the same name and port. */
export function peer(name, { port, address, liquidity = 0, asset = { code: 'USD', scale: 9 }, ...settings }) {
    return {
        name,
        ilp_address: address,
        asset,
        liquidity,
        http: {
            incoming: { auth_tokens: [`from-${name}`] },
            outgoing: { endpoint: `http://127.0.0.1:${port}/`, auth_token: `to-${name}` },
        },
        ...settings,
    }
}

/** The `peers` entry of one daemon for another: `from` and `to` are their names. */
export function daemonPeer(from, to, { port, liquidity = 0, asset = { code: 'USD', scale: 9 }, ...settings }) {
    return {
        name: to,
        ilp_address: `test.${to}`,
        asset,
        liquidity,
        http: {
            incoming: { auth_tokens: [`${to}-to-${from}`] },
            outgoing: { endpoint: `http://127.0.0.1:${port}/ilp`, auth_token: `${from}-to-${to}` },
        },
        ...settings,
    }
}

/** A STREAM receiver of ilp-protocol-stream. `received()` is the sum over all its connections. */
export async function streamReceiver(plugin) {
    const server = await createStreamServer({ plugin })
    const connections = []
    server.on('connection', (connection) => {
        connections.push(connection)
        connection.on('stream', (stream) => stream.setReceiveMax('18446744073709551615'))
    })
    return {
        server,
        credentials: () => server.generateAddressAndSecret(),
        received: () => connections.reduce((sum, connection) => sum + BigInt(connection.totalReceived), 0n),
    }
}

/** A receiver of @interledger/stream-receiver behind `plugin`; `received()` is what it has accepted. */
export function statelessReceiver(plugin, address, asset = { code: 'USD', scale: 9 }) {
    const server = new StreamServer({ serverSecret: randomBytes(32), serverAddress: address })
    let received = 0n
    plugin.registerDataHandler(async (data) => {
        const prepare = deserializeIlpPrepare(data)
        const money = server.createReply(prepare)
        if (isIlpReply(money)) return serializeIlpReply(money)
        received += BigInt(prepare.amount)
        return serializeIlpReply(money.accept())
    })
    return { credentials: () => server.generateCredentials({ asset }), received: () => received }
}

/** Pays `amount` units of the sender's asset over STREAM; `{sent, delivered}` as the sender counts them. */
export async function streamPay(plugin, credentials, amount, { timeout = 60_000, onProgress = () => {} } = {}) {
    const connection = await createConnection({ plugin, ...credentials })
    const stream = connection.createStream()
    stream.on('outgoing_money', () => onProgress(BigInt(connection.totalSent)))
    await stream.sendTotal(String(amount), { timeout })
    await connection.end()
    return { sent: BigInt(connection.totalSent), delivered: BigInt(connection.totalDelivered) }
}

const sha256 = (data) => createHash('sha256').update(data).digest()

/** The fulfillment that `fulfillAll` answers a Prepare with, when the Prepare was made by `send`. */
export const fulfillmentOf = (data) => sha256(Buffer.concat([Buffer.from('fulfillment of '), data]))

/** Sends one Prepare through `plugin`; resolves to the decoded reply and to its octets. */
export async function send(plugin, { destination, amount = '1', data = randomBytes(16), expiresIn = 20_000 }) {
    const octets = await plugin.sendData(
        serializeIlpPrepare({
            destination,
            amount: String(amount),
            data,
            executionCondition: sha256(fulfillmentOf(data)),
            expiresAt: new Date(Date.now() + expiresIn),
        }),
    )
    return { octets, reply: deserializeIlpReply(octets) }
}

/** Answers every Prepare that reaches `plugin` with its fulfillment and its own data; keeps what it has seen. */
export function fulfillAll(plugin) {
    const seen = []
    plugin.registerDataHandler(async (octets) => {
        const prepare = deserializeIlpPrepare(octets)
        seen.push(prepare)
        return serializeIlpFulfill({ fulfillment: fulfillmentOf(prepare.data), data: prepare.data })
    })
    return seen
}
