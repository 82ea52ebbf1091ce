// A cluster on this machine, from the files of deploy/cluster: etcd, PostgreSQL servers under Patroni, haproxy, and
// daemons on one store; beside it a far end with a book of its own. The demo and the tests of the cluster share it.
//
// Each machine of the files has an address of its own here, too: 10.0.0.N becomes a loopback address. Nothing else is
// changed in them but directories, passwords, and times that are shorter.
import { execFile, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
    Daemon,
    connectPlugin,
    describeEnd,
    disconnectPlugin,
    freePorts,
    fulfillAll,
    fulfillmentOf,
    send,
    temporaryDirectory,
} from '../interop/support.mjs'
import { asPostgres, postgresPrograms } from '../interop/postgres.mjs'

const { deserializeIlpPrepare, deserializeIlpReply } = createRequire(
    new URL('../interop/package.json', import.meta.url),
)('ilp-packet')

const run = promisify(execFile)
process.env.PATH += ':/usr/sbin' // where haproxy is, and not everybody looks
const FILES = new URL('../../deploy/cluster/', import.meta.url)
const PAGE = new URL('../../docs/operating/cluster.md', import.meta.url)
const NAMES = ['one', 'two', 'three']

/** Nothing waits so long when all is well. */
const LIMIT_MS = 120_000
const LOOK_INTERVAL_MS = 100
const RESTART_PAUSE_MS = 500
/** An answer that comes later than this after the expiry of its packet is not waited for. */
const ANSWER_MARGIN_MS = 3_000
const ASKING_LIMIT_MS = 2_000

/** Times of the files, and those that the rig has in their place, so that a round takes seconds. */
const SHORTER = {
    'ilpd.yaml': [
        ['max_hold_time: 10s', 'max_hold_time: 4s'],
        ['lease_time: 30s', 'lease_time: 14s'],
    ],
    'patroni.yml': [
        ['ttl: 20', 'ttl: 8'],
        ['loop_wait: 5', 'loop_wait: 1'],
        ['retry_timeout: 5', 'retry_timeout: 3'],
    ],
}

/** Lines for a server that shares a small machine with the others. Processes are killed here, and no machine is. */
const CHEAPER = ['    dynamic_shared_memory_type: mmap', '    shared_buffers: 16MB', '    fsync: "off"']

/** Waits until `look` returns something, and returns it. `what` completes "waited in vain until ...". */
export async function until(what, look, limit = LIMIT_MS) {
    const deadline = Date.now() + limit
    for (;;) {
        const found = await look()
        if (found) return found
        if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
        await pause(LOOK_INTERVAL_MS)
    }
}

// --- processes ------------------------------------------------------------------------------------------------------

/** The state of each process, one letter of proc(5), and its parent's id, by its id. */
function processes() {
    const found = new Map()
    for (const entry of readdirSync('/proc')) {
        if (!/^\d+$/.test(entry)) continue
        try {
            const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
            const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
            found.set(Number(entry), { state, parent: Number(parent) })
        } catch {
            // It has ended meanwhile.
        }
    }
    return found
}

const titleOf = (pid) => {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    } catch {
        return ''
    }
}

function signal(pid, name) {
    try {
        process.kill(pid, name)
    } catch (error) {
        if (error.code !== 'ESRCH') throw error
    }
}

const isGone = (pid) => (processes().get(pid)?.state ?? 'Z') === 'Z'
const haveGone = (pids) => until(`processes ${pids.join(', ')} have ended`, () => pids.every(isGone))

/** A program that runs until it is killed, with its output in a file. */
class Program {
    constructor(command, { log, directory, environment = process.env }) {
        const output = openSync(log, 'a')
        const [program, ...args] = command
        this.child = spawn(program, args, { cwd: directory, env: environment, stdio: ['ignore', output, output] })
        closeSync(output)
        this.child.once('error', (error) => (this.problem = `${program}: ${error.message}`))
        this.exited = new Promise((done) => {
            this.child.once('exit', done)
            this.child.once('error', done)
        })
    }

    get runs() {
        return !this.problem && this.child.exitCode === null && this.child.signalCode === null
    }

    async kill() {
        if (this.runs) this.child.kill('SIGKILL')
        await this.exited
    }
}

// --- the parts ------------------------------------------------------------------------------------------------------

/** A PostgreSQL server and its Patroni. */
class Server {
    #isOver = false

    constructor({ name, address, directory, config, environment }) {
        Object.assign(this, { name, address, directory, config, environment, data: join(directory, 'data') })
    }

    start() {
        if (this.#isOver) return
        this.patroni = new Program([...asPostgres, 'patroni', this.config], {
            log: join(this.directory, 'patroni.log'),
            directory: this.directory,
            environment: this.environment,
        })
    }

    /** The answer of Patroni's REST interface to a GET, or null. */
    async ask(path) {
        try {
            const answer = await fetch(`http://${this.address}:8008${path}`, {
                signal: AbortSignal.timeout(ASKING_LIMIT_MS),
            })
            const text = await answer.text()
            return answer.ok ? JSON.parse(text || '{}') : null
        } catch {
            return null
        }
    }

    isPrimary() {
        return this.ask('/primary')
    }

    /** The ids of the server's processes; the first is the parent of the others. */
    processes() {
        const file = join(this.data, 'postmaster.pid')
        const pid = existsSync(file) ? parseInt(readFileSync(file, 'utf8')) : NaN
        if (!pid || !titleOf(pid).includes(this.data)) return []
        const children = [...processes()].filter(([, { parent }]) => parent === pid).map(([child]) => child)
        return [pid, ...children]
    }

    receiver() {
        return this.processes().find((pid) => titleOf(pid).includes('walreceiver'))
    }

    /** As if the machine lost its power: Patroni first, which would start the server again. */
    async kill() {
        await this.patroni?.kill()
        const pids = this.processes()
        for (const pid of pids) signal(pid, 'SIGKILL')
        await haveGone(pids)
    }

    /** An immediate shutdown, which leaves no shared memory behind. */
    async end() {
        this.#isOver = true
        await this.patroni?.kill()
        const pids = this.processes()
        for (const pid of pids) signal(pid, 'SIGCONT')
        if (pids.length) signal(pids[0], 'SIGQUIT')
        await haveGone(pids)
    }

    async sql(database, text) {
        const command = [...asPostgres, `${postgresPrograms()}psql`, '-X', '-A', '-t', '-h', this.directory]
        const [program, ...args] = [...command, '-U', 'postgres', '-d', database, '-c', text]
        return (await run(program, args, { cwd: this.directory, timeout: LIMIT_MS })).stdout.trim()
    }
}

/** One of the daemons on the common store. As under a service manager, it is started again when it ends on its own. */
class Member extends Daemon {
    #isWanted = false
    #isOver = false

    start() {
        if (this.#isOver) return
        this.#isWanted = true
        this.launch()
        const { child } = this
        this.exited.then(async () => {
            await pause(RESTART_PAUSE_MS)
            if (this.#isWanted && this.child === child) this.start()
        })
    }

    async kill() {
        this.#isWanted = false
        this.child.kill('SIGKILL')
        await this.exited
    }

    /** Stops it in good order, until `start`. */
    async end() {
        this.#isWanted = false
        const how = await super.stop()
        if (how.code !== 0) throw new Error(`${this.name}: ${describeEnd(how)} after SIGTERM\n${await this.logTail()}`)
    }

    /** Stops the process in its tracks; waits until each of its threads has stopped. */
    async suspend() {
        const { pid } = this.child
        this.child.kill('SIGSTOP')
        const stateOf = (thread) => {
            const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
            return stat[stat.lastIndexOf(')') + 2]
        }
        await until(`${this.name} has stopped`, () =>
            readdirSync(`/proc/${pid}/task`).every((thread) => stateOf(thread) === 'T'))
    }

    resume() {
        this.child.kill('SIGCONT')
    }

    async stop() {
        this.#isWanted = false
        this.#isOver = true
        if (!this.child) return { code: 0 }
        this.resume()
        return super.stop()
    }
}

/**
 * Counts what happens to the packets that a plugin sends. Who waits for an answer is told some time after the packet's
 * expiry that there is none.
 */
export class Watch {
    fulfilled = { packets: 0, amount: 0n }
    unanswered = { packets: 0, amount: 0n }
    rejected = new Map()
    /** Packets with a Fulfill that does not fit their condition. */
    wrong = 0
    #last = Date.now()
    #longestGap = 0

    constructor(plugin) {
        const sendData = plugin.sendData.bind(plugin)
        plugin.sendData = async (octets) => {
            const prepare = deserializeIlpPrepare(octets)
            const amount = BigInt(prepare.amount)
            let timer
            const limit = new Promise((_, reject) => {
                const left = prepare.expiresAt - Date.now() + ANSWER_MARGIN_MS
                timer = setTimeout(() => reject(new Error('no answer')), left)
            })
            try {
                const answer = await Promise.race([sendData(octets), limit])
                this.#note(deserializeIlpReply(answer), amount)
                return answer
            } catch (error) {
                this.unanswered.packets++
                this.unanswered.amount += amount
                throw error
            } finally {
                clearTimeout(timer)
            }
        }
    }

    #note(reply, amount) {
        if (!reply.fulfillment) {
            this.rejected.set(reply.code, (this.rejected.get(reply.code) ?? 0) + 1)
            return
        }
        this.#longestGap = this.longestGap
        this.#last = Date.now()
        this.fulfilled.packets++
        this.fulfilled.amount += amount
    }

    /** Milliseconds between two Fulfills, or since the last one, since `beginPhase`. */
    get longestGap() {
        return Math.max(this.#longestGap, Date.now() - this.#last)
    }

    beginPhase() {
        this.#longestGap = 0
        this.#last = Date.now()
    }

    /** Waits until so many more packets have been fulfilled. */
    async untilFulfilled(packets) {
        const wanted = this.fulfilled.packets + packets
        await until('packets are fulfilled', () => this.fulfilled.packets >= wanted)
    }
}

/** Packets from the sender to the receiver, a few at any time, until `stop`. */
export class Traffic {
    #isFlowing = true
    #hasEnded = false
    #senders

    constructor(cluster, { atOnce = 8, amount = 1000 } = {}) {
        fulfillAll(cluster.receiver)
        this.watch = new Watch(cluster.sender)
        this.#senders = Array.from({ length: atOnce }, () => this.#send(cluster.sender, amount))
    }

    async #send(plugin, amount) {
        const state = (this.#states[this.#states.length] = { isSending: false })
        while (!this.#hasEnded) {
            state.isSending = this.#isFlowing
            const fulfilled = state.isSending && (await this.#sendOne(plugin, amount))
            state.isSending = false
            if (!fulfilled) await pause(LOOK_INTERVAL_MS)
        }
    }
    #states = []

    async #sendOne(plugin, amount) {
        try {
            const data = randomBytes(16)
            const { reply } = await send(plugin, { destination: 'test.bob.receiver', amount, data, expiresIn: 5_000 })
            if (reply.fulfillment && !reply.fulfillment.equals(fulfillmentOf(data))) this.watch.wrong++
            return reply.fulfillment !== undefined
        } catch {
            return false // the watch has counted it
        }
    }

    /** Lets the packets in flight end, and sends no more until `goOn`. */
    async rest() {
        this.#isFlowing = false
        await until('no packet is under way', () => this.#states.every(({ isSending }) => !isSending))
    }

    goOn() {
        this.#isFlowing = true
    }

    async stop() {
        this.#hasEnded = true
        await Promise.all(this.#senders)
    }
}

// --- the whole ------------------------------------------------------------------------------------------------------

export class Cluster {
    servers = []
    daemons = []
    #programs = []
    #plugins = []
    #isOver = false

    /** Starts everything, and waits until packets can flow. `say` gets a sentence at each step. */
    async start({ ilpd, daemons = 3, servers = 2, say = () => {} }) {
        this.ilpd = ilpd
        this.ilpctl = join(dirname(ilpd), 'ilpctl')
        this.directory = await temporaryDirectory()
        await chmod(this.directory, 0o711) // PostgreSQL runs as another user
        const [senderPort, receiverPort] = await freePorts(2)
        this.#chooseAddresses(senderPort, receiverPort)
        await this.#startFrame(say)
        await this.#startServers(servers, say)
        await this.#startDaemons(daemons, say)
        await this.#startFarEnd(say, senderPort, receiverPort)
    }

    #chooseAddresses(senderPort, receiverPort) {
        const network = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.`
        this.address = (machine) => `${network}${machine}`
        this.#fillAddresses = (text) =>
            text
                .replaceAll('10.0.0.0/24', '127.0.0.0/8')
                .replaceAll('10.0.0.30:3002', `${this.address(30)}:${senderPort}`)
                .replaceAll('10.0.0.40:3002', `${this.address(40)}:${receiverPort}`)
                .replaceAll('10.0.0.', network)
    }
    #fillAddresses

    /** One of the files for machines, with what this rig has in the place of some of its text. */
    async #fill(name, changes = []) {
        let text = await readFile(new URL(name, FILES), 'utf8')
        for (const [from, to] of [...(SHORTER[name] ?? []), ...changes]) {
            if (!text.includes(from)) throw new Error(`deploy/cluster/${name} lacks what the rig replaces: ${from}`)
            text = text.replaceAll(from, to)
        }
        return this.#fillAddresses(text)
    }

    #program(name, command) {
        this.#mustGoOn()
        const program = new Program(command, { log: join(this.directory, `${name}.log`), directory: this.directory })
        this.#programs.push(program)
        return program
    }

    async #startFrame(say) {
        const clients = `http://${this.address(1)}:2379`
        const peers = `http://${this.address(1)}:2380`
        this.#program('etcd', ['etcd', '--name=one', `--data-dir=${join(this.directory, 'etcd')}`, '--log-level=error',
            `--listen-client-urls=${clients}`, `--advertise-client-urls=${clients}`, `--listen-peer-urls=${peers}`,
            `--initial-advertise-peer-urls=${peers}`, `--initial-cluster=one=${peers}`])
        const config = join(this.directory, 'haproxy.cfg')
        await writeFile(config, await this.#fill('haproxy.cfg'))
        this.#program('haproxy', ['haproxy', '-f', config, '-db'])
        await until('etcd is healthy', async () => {
            this.#checkFrame()
            return fetch(`${clients}/health`).then((answer) => answer.ok, () => false)
        })
        say('etcd and haproxy run.')
    }

    #mustGoOn() {
        if (this.#isOver) throw new Error('the cluster is being stopped')
    }

    #checkFrame() {
        const broken = this.#programs.find((program) => !program.runs)
        if (broken) throw new Error(broken.problem ?? 'etcd or haproxy has ended')
    }

    async #startServers(count, say) {
        const passwords = { PATRONI_SUPERUSER_PASSWORD: randomBytes(8).toString('hex') }
        passwords.PATRONI_REPLICATION_PASSWORD = randomBytes(8).toString('hex')
        for (let machine = 1; machine <= count; machine++) {
            const name = NAMES[machine - 1]
            const directory = join(this.directory, `postgresql-${name}`)
            await mkdir(directory, { mode: 0o700 })
            const config = join(directory, 'patroni.yml')
            await writeFile(config, await this.#fill('patroni.yml', [
                ['/var/lib/postgresql/ilpd.pgpass', join(directory, 'pgpass')],
                ['/var/lib/postgresql/ilpd', join(directory, 'data')],
                ['/usr/lib/postgresql/15/bin', postgresPrograms().slice(0, -1)],
                ['/run/postgresql\n', [directory, ...CHEAPER, ''].join('\n')],
                ['    - data-checksums\n', '    - data-checksums\n    - no-sync\n'],
                ['local all all peer', 'local all all trust'], // whoever runs this; the folder is for nobody else
            ]))
            const environment = { ...process.env, ...passwords, HOME: directory }
            for (const line of (await this.#fill('patroni_env.conf')).split('\n')) {
                const [, variable, value] = /^(\w+)=(.*)$/.exec(line) ?? []
                if (!variable || variable in passwords) continue
                environment[variable] = value.replaceAll(this.address(1), this.address(machine))
            }
            environment.PATRONI_NAME = name
            if (asPostgres.length) await run('chown', ['-R', 'postgres:postgres', directory])
            this.#mustGoOn()
            this.servers.push(new Server({ name, address: this.address(machine), directory, config, environment }))
        }
        for (const server of this.servers) server.start()
        const primary = await this.untilReplicated()
        this.#checkFrame()
        this.databasePassword = randomBytes(8).toString('hex')
        await this.followPage('### The role and the database', primary)
        say(`PostgreSQL ${primary.name} is the primary, and each commit waits for its standby.`)
    }

    async #startDaemons(count, say) {
        const configFile = join(this.directory, 'ilpd.yaml')
        const admin = ['127.0.0.1:3001', '${ILPD_ADDRESS}:3001'] // several share this machine
        await writeFile(configFile, await this.#fill('ilpd.yaml', [admin]), { mode: 0o600 })
        this.tokens = {}
        for (const peer of ['SENDER', 'BOB', 'RECEIVER']) {
            for (const of of ['OF', 'FOR']) this.tokens[`TOKEN_${of}_${peer}`] = randomBytes(16).toString('hex')
        }
        for (let machine = 1; machine <= count; machine++) {
            const name = NAMES[machine - 1]
            const host = this.address(machine)
            const directory = join(this.directory, `ilpd-${name}`)
            await mkdir(directory)
            const secrets = { ...this.tokens, PGPASSWORD: this.databasePassword }
            const environment = { ...process.env, ...secrets, ILPD_ADDRESS: host }
            const settings = { name, configFile, metricsPort: 9464, directory, host, environment }
            const daemon = new Member({ binary: this.ilpd, ...settings })
            this.#mustGoOn()
            this.daemons.push(daemon)
            daemon.start()
            if (machine === 1) await this.untilActive()
        }
        await this.untilAllWait()
        say(`Daemon ${(await this.untilActive()).name} has the store, and ${count - 1} others wait as standbys.`)
    }

    async #startFarEnd(say, senderPort, receiverPort) {
        const configFile = join(this.directory, 'bob.yaml')
        await writeFile(configFile, await this.#fill('bob.yaml'), { mode: 0o600 })
        this.#mustGoOn()
        this.bob = new Daemon({
            binary: this.ilpd,
            name: 'bob',
            configFile,
            metricsPort: 9464,
            directory: this.directory,
            host: this.address(20),
            environment: { ...process.env, ...this.tokens },
        })
        this.bob.launch()
        await until('bob is ready', () => this.bob.isReady())
        this.sender = await this.#plugin('sender', senderPort, `http://${this.address(10)}:3002/ilp`)
        this.receiver = await this.#plugin('receiver', receiverPort, `http://${this.address(20)}:3002/ilp`)
        this.firstBooks = await this.books()
        say('The far end, bob, runs: one daemon with a book of its own.')
    }

    async #plugin(name, port, url) {
        const plugin = await connectPlugin({
            name,
            port,
            url,
            incomingToken: this.tokens[`TOKEN_FOR_${name.toUpperCase()}`],
            outgoingToken: this.tokens[`TOKEN_OF_${name.toUpperCase()}`],
        })
        this.#plugins.push(plugin)
        return plugin
    }

    // --- who has what -----------------------------------------------------------------------------------------------

    /** The daemon that accepts packets, as haproxy would find it; another one than `other`. */
    untilActive(other = null) {
        return until('a daemon is ready', async () => {
            for (const daemon of this.daemons) if (daemon !== other && (await daemon.isReady())) return daemon
            return null
        })
    }

    /** Each daemon but the active one has written that it waits, since it was started last. */
    async untilAllWait() {
        const active = await this.untilActive()
        for (const daemon of this.daemons) {
            if (daemon === active) continue
            await until(`${daemon.name} waits as a standby`, () => isAlive(daemon) && answers(daemon))
        }
    }

    untilPrimary(other = null) {
        return until('a PostgreSQL server is the primary', async () => {
            for (const server of this.servers) if (server !== other && (await server.isPrimary())) return server
            return null
        })
    }

    /** Returns the primary, once commits are confirmed by a standby. */
    untilReplicated() {
        return until('a standby of PostgreSQL confirms commits', async () => {
            for (const server of this.servers) {
                if (!(await server.isPrimary())) continue
                const members = (await server.ask('/cluster'))?.members ?? []
                if (members.some(({ role, state }) => role === 'sync_standby' && isInStep(state))) return server
            }
            return null
        })
    }

    /** The standby server with the primary. */
    async standbyServer() {
        const primary = await this.untilReplicated()
        return this.servers.find((server) => server !== primary)
    }

    /** Makes the standby the primary in good order. */
    async switchOver() {
        const primary = await this.untilReplicated()
        const standby = this.servers.find((server) => server !== primary)
        await this.followPage('### Make another server the primary', primary, ['two', standby.name])
        return this.untilPrimary(primary)
    }

    /** What an operator sees who looks at the cluster. */
    async look() {
        return this.followPage('### See what is active', await this.untilPrimary())
    }

    /** Runs the commands below a heading of the manual as if on the machine of `server`; what they print. */
    async followPage(heading, server, ...changes) {
        const page = await readFile(PAGE, 'utf8')
        let [, commands] = new RegExp(`^${heading}\n[^#]*?^\`\`\`sh\n(.*?)^\`\`\``, 'ms').exec(page) ?? []
        if (!commands) throw new Error(`cluster.md has no commands below ${heading}`)
        const places = [
            ['/etc/patroni/config.yml', server.config],
            ['runuser -u postgres -- ', `${asPostgres.join(' ')} `],
        ]
        for (const [from, to] of [...places, ...changes]) commands = commands.replaceAll(from, to)
        const environment = {
            ...server.environment,
            PGHOST: server.directory,
            PGUSER: 'postgres',
            ILPD_DATABASE_PASSWORD: this.databasePassword,
        }
        const settings = { cwd: server.directory, env: environment, timeout: LIMIT_MS }
        return (await run('bash', ['-e', '-c', this.#fillAddresses(commands)], settings)).stdout
    }

    async epoch() {
        return Number(await (await this.untilPrimary()).sql('ilpd', 'SELECT epoch FROM daemons WHERE slot = 0'))
    }

    // --- the books --------------------------------------------------------------------------------------------------

    /** What each peer may spend in the books of both sides, and what may be in no book. Nothing is in flight then. */
    async books() {
        const active = await this.untilActive()
        const [alice, bob] = [await active.liquidity(), await this.bob.liquidity()]
        return { alice, bob, doubt: BigInt(await active.count('ilp_books_in_doubt', { peer: 'bob' })) }
    }

    /** What has moved since the start, as each book has it. */
    async moved() {
        const { alice, bob } = this.firstBooks
        const now = await this.books()
        return {
            paidBySender: alice.sender - now.alice.sender,
            owedToBob: now.alice.bob - alice.bob,
            claimedByBob: bob.alice - now.bob.alice,
            paidToReceiver: now.bob.receiver - bob.receiver,
            doubt: now.doubt,
        }
    }

    /** Recomputes every balance of the common store. Returns the last line of the audit; throws on a fault. */
    async audit() {
        const { configFile, environment, directory } = this.daemons[0]
        const { stdout } = await run(this.ilpd, ['--config', configFile, '--audit'], {
            cwd: directory,
            env: environment,
            timeout: LIMIT_MS,
        })
        return stdout.trim().split('\n').at(-1)
    }

    /** Sentences about what is wrong in the books, given what the sender has seen. `corrected` was credited to bob. */
    async faults(watch, corrected = 0n) {
        const { paidBySender, owedToBob, claimedByBob, paidToReceiver, doubt } = await this.moved()
        const seen = watch.fulfilled.amount
        const found = []
        const check = (holds, sentence) => holds || found.push(sentence)
        check(watch.wrong === 0, `${watch.wrong} packets got a Fulfill that does not fit their condition`)
        check(paidBySender >= seen, `the sender has seen Fulfills of ${seen}, and the book has ${paidBySender}`)
        const most = seen + watch.unanswered.amount
        check(paidBySender <= most, `the sender may have paid ${most} at most, and the book has ${paidBySender}`)
        check(owedToBob === paidBySender + corrected,
            `the book has ${paidBySender} from the sender, and ${owedToBob} for bob`)
        check(claimedByBob === paidToReceiver,
            `bob's book has ${claimedByBob} from alice, and ${paidToReceiver} paid on`)
        check(claimedByBob >= owedToBob, `bob's book has ${claimedByBob}, which is less than the ${owedToBob} of ours`)
        check(claimedByBob - owedToBob <= doubt,
            `bob's book has ${claimedByBob}, ours ${owedToBob}, and only ${doubt} is reported as a doubt`)
        return found
    }

    /** Does what an operator does when the books have been compared. Returns what was credited to bob. */
    async endDoubt() {
        const { owedToBob, claimedByBob, doubt } = await this.moved()
        const missing = claimedByBob - owedToBob
        if (missing > 0n) await this.operate('doubt', 'correct', '--raw', 'bob', String(missing))
        else if (doubt > 0n) await this.operate('doubt', 'agree', 'bob')
        return missing
    }

    /** An operator's command, at the daemon that is ready. */
    async operate(...args) {
        const url = `http://${(await this.untilActive()).host}:3001/graphql`
        return (await run(this.ilpctl, ['--url', url, ...args], { timeout: LIMIT_MS })).stdout.trim()
    }

    // --- the end ----------------------------------------------------------------------------------------------------

    async logTails(lines = 12) {
        const files = [
            ...this.daemons.map((daemon) => daemon.log),
            ...this.servers.map((server) => join(server.directory, 'patroni.log')),
            ...['bob', 'etcd', 'haproxy'].map((name) => join(this.directory ?? '', `${name}.log`)),
        ]
        const tails = []
        for (const file of files) {
            const text = await readFile(file, 'utf8').catch(() => '')
            if (text) tails.push(`${file}:\n${text.trimEnd().split('\n').slice(-lines).join('\n')}`)
        }
        return tails.join('\n\n')
    }

    /** Ends everything that was started, whatever state it is in. Returns how the daemons have ended. */
    async stop() {
        this.#isOver = true
        const ends = []
        for (const plugin of this.#plugins.splice(0)) await disconnectPlugin(plugin)
        const daemons = [...this.daemons, ...(this.bob ? [this.bob] : [])]
        await Promise.all(daemons.map(async (daemon) => ends.push({ name: daemon.name, ...(await daemon.stop()) })))
        await Promise.all(this.servers.map((server) => server.end()))
        for (const program of this.#programs) await program.kill()
        return ends
    }

    async remove() {
        if (this.directory) await rm(this.directory, { recursive: true, force: true })
    }
}

const isInStep = (state) => state === 'running' || state === 'streaming'
const isAlive = (daemon) => daemon.ended === undefined
const answers = (daemon) =>
    fetch(`http://${daemon.host}:${daemon.metricsPort}/healthz`, { signal: AbortSignal.timeout(ASKING_LIMIT_MS) }).then(
        (answer) => answer.ok,
        () => false,
    )
