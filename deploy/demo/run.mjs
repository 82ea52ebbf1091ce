// Payments through two connectors: sender -> alice -> bob -> receiver with a JavaScript client, the same once more over a
// link that splits packets, and from alice's own account to bob's with ilpctl alone.
//   node run.mjs ILPD      ILPD: the daemon's path; ilpctl lies beside it
// Exit status 0 only when sender, receiver and both daemons agree on what was paid, and ilpctl did what it was told.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { globalAgent } from 'node:https'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import {
    Daemon,
    connectPlugin,
    describeEnd,
    disconnectPlugin,
    streamPay,
    streamReceiver,
    temporaryDirectory,
} from '../../tests/interop/support.mjs'

const { deserializeIlpPrepare, deserializeIlpReply } = createRequire(
    new URL('../../tests/interop/package.json', import.meta.url),
)('ilp-packet')

const PAYMENT = 5_000_000_000n // 5 USD at scale 9
const OWN_DEPOSIT = 300_000_000_000n
const OWN_PAYMENT = 250_000_000_000n
const SCALE = 9
const RELOAD_LIMIT_MS = 30_000

// The ports of alice.yaml and bob.yaml, and of the two clients.
const PORTS = {
    alice: 3102,
    aliceAdmin: 3101,
    aliceMetrics: 9564,
    bob: 3202,
    bobAdmin: 3201,
    bobMetrics: 9565,
    bobSpsp: 3204,
    sender: 3302,
    receiver: 3402,
}

// --- how it looks ---------------------------------------------------------------------------------------------------

const live = process.stdout.isTTY === true
const coloured = live && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
const style = (code) => (text) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text)
const [bold, dim, green, red] = [style(1), style(2), style(32), style(31)]
const say = (text = '') => console.log(text)

/** 1234500000 units are "1.2345"; at least two digits after the point. */
function usd(units) {
    const sign = units < 0n ? '-' : ''
    const digits = String(units < 0n ? -units : units).padStart(SCALE + 1, '0')
    const fraction = digits.slice(-SCALE).replace(/0+$/, '').padEnd(2, '0')
    return `${sign}${digits.slice(0, -SCALE)}.${fraction}`
}

/** A bar that moves on a terminal; a line at every fifth of the way elsewhere. */
function progressBar(total, details) {
    const width = 30
    let fifths = 0
    let finished = false
    return (done) => {
        if (finished) return
        finished = done === total
        const filled = Number((done * BigInt(width)) / total)
        const bar = `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]`
        const line = `  ${bar} ${usd(done)} of ${usd(total)} USD, ${details()}`
        if (live) {
            process.stdout.write(`\r\x1b[K${line}${finished ? '\n' : ''}`)
        } else if ((done * 5n) / total > fifths) {
            fifths = (done * 5n) / total
            say(line)
        }
    }
}

// --- the parts ------------------------------------------------------------------------------------------------------

async function isFree(port) {
    const server = createServer().listen(port, '127.0.0.1')
    try {
        await Promise.race([once(server, 'listening'), once(server, 'error').then(([error]) => Promise.reject(error))])
        await new Promise((closed) => server.close(closed))
        return true
    } catch {
        return false
    }
}

/** PORTS, all moved up by the same thousands if any is taken. */
async function choosePorts() {
    for (let moved = 0; moved <= 20_000; moved += 1_000) {
        const ports = Object.fromEntries(Object.entries(PORTS).map(([name, port]) => [name, port + moved]))
        const free = await Promise.all(Object.values(ports).map(isFree))
        if (free.every(Boolean)) return { ports, moved }
    }
    throw new Error(`no free ports: ${Object.values(PORTS).join(', ')} and the like are all taken`)
}

/**
 * Makes an authority that only this run trusts, and a certificate for each of `names`: NAME.crt and NAME.key in
 * `directory`. Returns the authority's certificate.
 */
async function makeCertificates(directory, names) {
    const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc'
    const commands = [
        'set -e',
        `openssl req -x509 ${newKey} -days 1 -subj "/CN=Authority of the demo" -keyout authority.key -out authority.crt \
            -addext keyUsage=critical,keyCertSign`,
        'printf "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n" > node.ext',
        ...names.flatMap((name) => [
            `openssl req ${newKey} -subj "/CN=${name}" -keyout ${name}.key -out ${name}.csr`,
            `openssl x509 -req -in ${name}.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 1 \
                -extfile node.ext -out ${name}.crt`,
        ]),
        'rm authority.key',
    ]
    await promisify(execFile)('bash', ['-c', commands.join('\n')], { cwd: directory })
    return readFile(join(directory, 'authority.crt'), 'utf8')
}

/** What a client that trusts `authority` agrees on with the daemon at `port`: the version of TLS, and that of HTTP. */
async function agreedWith(port, authority) {
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority, ALPNProtocols: ['h2', 'http/1.1'] })
    try {
        await Promise.race([once(socket, 'secureConnect'), once(socket, 'error').then(([error]) => Promise.reject(error))])
        return { tls: socket.getProtocol(), http: socket.alpnProtocol }
    } finally {
        socket.destroy()
    }
}

/** Throws unless every packet to the daemon at `port` is encrypted, and may share a connection with others. */
async function checkEncryption(name, port, authority) {
    const { tls, http } = await agreedWith(port, authority)
    if (tls !== 'TLSv1.3' || http !== 'h2') throw new Error(`${name} agrees on ${tls} and ${http}, not on TLSv1.3 and h2`)
    const plain = await fetch(`http://127.0.0.1:${port}/ilp`, { method: 'POST' })
    const answer = await plain.text()
    if (plain.status !== 400 || !answer.includes('https://')) {
        throw new Error(`${name} answers to a packet that is not encrypted: ${plain.status} ${answer}`)
    }
}

async function startDaemon(name, binary, directory, { ports, moved }) {
    const configFile = join(directory, `${name}.yaml`)
    const text = await readFile(new URL(`${name}.yaml`, import.meta.url), 'utf8')
    await writeFile(configFile, text.replace(/(?<=127\.0\.0\.1:)\d+/g, (port) => Number(port) + moved))
    return Daemon.start({ binary, name, configFile, metricsPort: ports[`${name}Metrics`], directory })
}

/** Makes the line of its file effective that is a comment until now, with a reload. Returns the line. */
async function agreeToParts(daemon) {
    const text = await readFile(daemon.configFile, 'utf8')
    const [comment, line] = /# (split: .*)/.exec(text)
    await writeFile(daemon.configFile, text.replace(comment, line))
    daemon.child.kill('SIGHUP')
    const deadline = Date.now() + RELOAD_LIMIT_MS
    while (!(await readFile(daemon.log, 'utf8')).includes('reloaded')) {
        if (Date.now() > deadline) throw new Error(`${daemon.name} has not reloaded its configuration file`)
        await pause(30)
    }
    return line
}

/** Looks at every packet that the sender sends, and at its answer. */
function watchPackets(plugin) {
    const seen = { carried: 0, largest: 0n, tooLarge: 0 }
    const sendData = plugin.sendData.bind(plugin)
    plugin.sendData = async (octets) => {
        const answer = await sendData(octets)
        const amount = BigInt(deserializeIlpPrepare(octets).amount)
        const reply = deserializeIlpReply(answer)
        if (reply.fulfillment && amount > 0n) {
            seen.carried++
            if (amount > seen.largest) seen.largest = amount
        } else if (reply.code === 'F08') {
            seen.tooLarge++
        }
        return answer
    }
    return seen
}

function showBalances(before, after) {
    const rows = [
        ['on alice', 'sender', before.alice.sender, after.alice.sender],
        ['', 'bob', before.alice.bob, after.alice.bob],
        ['on bob', 'alice', before.bob.alice, after.bob.alice],
        ['', 'receiver', before.bob.receiver, after.bob.receiver],
    ]
    const row = (...cells) => `  ${cells[0].padEnd(10)}${cells[1].padEnd(10)}${cells.slice(2).map((c) => c.padStart(10)).join('')}`
    say(bold('Liquidity of each peer, in USD'))
    say(dim(row('', '', 'before', 'after', 'change')))
    for (const [where, peer, was, is] of rows) {
        const change = is - was
        say(row(where, peer, usd(was), usd(is), `${change > 0n ? '+' : ''}${usd(change)}`))
    }
}

/** Pays PAYMENT, and says what the sender, the receiver and both daemons know about it. */
async function payWithClient(plugin, { packets, receiver, alice, bob }) {
    const books = async () => ({ alice: await alice.liquidity(), bob: await bob.liquidity() })
    const before = await books()
    const received = receiver.received()
    Object.assign(packets, { carried: 0, largest: 0n, tooLarge: 0 })
    const started = performance.now()
    const showProgress = progressBar(PAYMENT, () => `${packets.carried} packets, largest ${usd(packets.largest)}`)
    showProgress(0n)
    const payment = await streamPay(plugin, receiver.credentials(), PAYMENT, { onProgress: showProgress })
    showProgress(PAYMENT)
    const seconds = (performance.now() - started) / 1000
    const { carried, largest, tooLarge } = packets
    const ended = { payment, received: receiver.received() - received, before, after: await books() }
    return { packets: carried, largest, tooLarge, seconds, ...ended }
}

/** Throws unless everybody agrees about what was paid. */
function checkAmounts({ payment, received, before, after }) {
    const amounts = [
        ['sent by the sender', payment.sent],
        ['delivered, as the sender was told', payment.delivered],
        ['received by the receiver', received],
        ["booked by alice from the sender's liquidity", before.alice.sender - after.alice.sender],
        ["booked by alice to bob's liquidity", after.alice.bob - before.alice.bob],
        ["booked by bob from alice's liquidity", before.bob.alice - after.bob.alice],
        ["booked by bob to the receiver's liquidity", after.bob.receiver - before.bob.receiver],
    ]
    if (amounts.some(([, amount]) => amount !== PAYMENT)) {
        for (const [where, amount] of amounts) say(`  ${amount === PAYMENT ? '      ' : red('WRONG ')}${usd(amount)} ${where}`)
        throw new Error(`these amounts should all be ${usd(PAYMENT)}`)
    }
    say(`  ${green('agreed')}: sent, delivered, and booked on both daemons: ${usd(PAYMENT)} USD each`)
}

/** Runs a command as it is printed, which must succeed. On a terminal, it shows its progress there itself. */
async function run(setting, command) {
    say(`  $ ${command}`)
    const shell = spawn('bash', ['-c', `${setting}; ${command}`], { stdio: ['ignore', 'pipe', live ? 'inherit' : 'pipe'] })
    const printed = { stdout: '', stderr: '' }
    for (const [name, text] of Object.entries({ stdout: shell.stdout, stderr: shell.stderr })) {
        text?.setEncoding('utf8').on('data', (chunk) => (printed[name] += chunk))
    }
    const [status] = await once(shell, 'close')
    if (status !== 0) throw new Error(`${command}: ${printed.stderr || `exit status ${status}`}`)
    for (const line of `${printed.stderr}${printed.stdout}`.trimEnd().split('\n')) say(dim(`  ${line}`))
}

/** A session of alice's operator. */
async function operate(url, commands) {
    const setting = `export ILPCTL_URL=${url}`
    say(`  $ ${setting}`)
    for (const command of commands) await run(setting, command)
}

/** What the two daemons have booked for a payment from alice's account to bob's. */
async function ownBooks(alice, bob) {
    const account = async (daemon, name) => BigInt(await daemon.count('ilp_account_liquidity', { account: name }))
    return {
        "alice's account": await account(alice, 'alice'),
        "bob's liquidity on alice": (await alice.liquidity()).bob,
        "alice's liquidity on bob": (await bob.liquidity()).alice,
        "bob's account": await account(bob, 'bob'),
    }
}

/** alice pays bob, from account to account, and nothing but the two daemons and ilpctl takes part. */
async function payWithIlpctl({ alice, bob, ilpctl, url, receiver }) {
    await operate(url, [`${ilpctl} account deposit alice ${usd(OWN_DEPOSIT)}`])
    const before = await ownBooks(alice, bob)
    const started = performance.now()
    await run(`export ILPCTL_URL=${url}`, `${ilpctl} pay ${receiver} ${usd(OWN_PAYMENT)} USD`)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const after = await ownBooks(alice, bob)
    const packets = await alice.count('ilp_payment_packets_total', { type: 'fulfill' })
    say()
    say(`  ${packets} packets, each of which has crossed the link in parts of at most 0.05 USD, in ${seconds} s.`)
    for (const [where, was] of Object.entries(before)) {
        const change = after[where] > was ? after[where] - was : was - after[where]
        if (change !== OWN_PAYMENT) throw new Error(`${where} has changed by ${usd(change)}, not by ${usd(OWN_PAYMENT)}`)
    }
    say(`  ${green('agreed')}: both accounts and both books have changed by ${usd(OWN_PAYMENT)} USD`)
}

// --- the story ------------------------------------------------------------------------------------------------------

async function main(binary, ilpctl) {
    const directory = await temporaryDirectory()
    const daemons = []
    const plugins = []
    const stopAll = async () => {
        for (const plugin of plugins.splice(0)) await disconnectPlugin(plugin)
        return Promise.all(daemons.splice(0).map(async (daemon) => ({ daemon, how: await daemon.stop() })))
    }
    process.once('SIGINT', () => stopAll().then(() => process.exit(130)))
    process.once('SIGTERM', () => stopAll().then(() => process.exit(143)))

    try {
        say()
        say(bold('Payments through two connectors'))
        say()
        say('  sender  -->  alice  -->  bob  -->  receiver')
        say(dim('  client       ilpd        ilpd      client          ILP over HTTPS, bearer tokens'))
        say()

        const authority = await makeCertificates(directory, ['alice', 'bob'])
        globalAgent.options.ca = authority // the two clients trust nobody else
        const chosen = await choosePorts()
        const { ports } = chosen
        for (const name of ['alice', 'bob']) {
            const daemon = await startDaemon(name, binary, directory, chosen)
            daemons.push(daemon)
            say(`  ${name.padEnd(7)}test.${name.padEnd(7)} takes packets on port ${ports[name]}, metrics on ${daemon.metricsPort}`)
        }
        const [alice, bob] = daemons
        for (const name of ['alice', 'bob']) await checkEncryption(name, ports[name], authority)
        say()
        say('  Packets to both are encrypted (TLS 1.3), and between the two they travel over HTTP/2. The certificates are of an')
        say('  authority that was made for this run; nothing was installed for it, and it is gone afterwards.')

        const senderPlugin = await connectPlugin({
            name: 'sender',
            port: ports.sender,
            url: `https://127.0.0.1:${ports.alice}/ilp`,
            incomingToken: 'alice-to-sender',
            outgoingToken: 'sender-to-alice',
        })
        plugins.push(senderPlugin)
        const receiverPlugin = await connectPlugin({
            name: 'receiver',
            port: ports.receiver,
            url: `https://127.0.0.1:${ports.bob}/ilp`,
            incomingToken: 'bob-to-receiver',
            outgoingToken: 'receiver-to-bob',
        })
        plugins.push(receiverPlugin)

        const paying = { packets: watchPackets(senderPlugin), receiver: await streamReceiver(receiverPlugin), alice, bob }
        const untouched = await alice.liquidity()

        say()
        say(bold(`The sender pays ${usd(PAYMENT)} USD with ilp-protocol-stream`))
        say(dim('  largest packet that alice takes: 1.00 from sender, 0.05 for bob; that bob takes: 0.05'))
        say()
        const whole = await payWithClient(senderPlugin, paying)
        say()
        say(`  Split into ${whole.packets} packets of at most ${usd(whole.largest)} USD, in ${whole.seconds.toFixed(1)} s.`)
        say(`  ${whole.tooLarge} larger ones came back with F08 and the maximum: so the sender learned it.`)
        say()
        showBalances(whole.before, whole.after)
        say()
        checkAmounts(whole)

        say()
        say(bold('The same payment, when alice and bob have agreed that packets may cross their link in parts'))
        for (const daemon of [alice, bob]) say(dim(`  in ${daemon.name}.yaml, and a reload: ${await agreeToParts(daemon)}`))
        say()
        const url = `http://127.0.0.1:${ports.aliceAdmin}/graphql`
        await operate(url, [`${ilpctl} ping test.bob`, `${ilpctl} peer show bob | grep far`]) // bob's answer says so
        say()
        const split = await payWithClient(senderPlugin, paying)
        say()
        const inParts = await alice.count('ilp_splits_total', { peer: 'bob', outcome: 'sent_fulfilled' })
        if (inParts === 0) throw new Error('no packet has crossed the link in parts')
        const packets = `${split.packets} packets instead of ${whole.packets}, of at most ${usd(split.largest)} USD`
        say(`  ${packets}, in ${split.seconds.toFixed(2)} s instead of ${whole.seconds.toFixed(2)} s.`)
        checkAmounts(split)

        say()
        say(bold('The sender has settled: alice tells her daemon, and looks around'))
        say()
        await operate(url, [
            `${ilpctl} liquidity deposit sender ${usd(2n * PAYMENT)}`,
            `${ilpctl} peer list`,
        ])
        const settled = (await alice.liquidity()).sender
        if (settled !== untouched.sender) throw new Error(`the sender has ${usd(settled)} USD after its deposit`)

        say()
        say(bold("alice pays from an account of her own to one of bob's, with ilpctl alone"))
        say(dim(`  bob's payment pointer: $bob.example/bob in the network, http://127.0.0.1:${ports.bobSpsp}/bob here`))
        say()
        await payWithIlpctl({ alice, bob, ilpctl, url, receiver: `http://127.0.0.1:${ports.bobSpsp}/bob` })
        say()
        if (live && process.stdin.isTTY) {
            say('  Both daemons run on: try more from another terminal, in this folder. Enter ends them.')
            const terminal = createInterface({ input: process.stdin })
            await Promise.race([once(terminal, 'line'), once(terminal, 'close')])
            terminal.close()
        }
        for (const { daemon, how } of await stopAll()) {
            if (how.code !== 0) throw new Error(`${daemon.name} did not stop cleanly: ${describeEnd(how)}`)
        }
        say(`  ${green('clean')}:  both daemons have finished and stopped`)
        await rm(directory, { recursive: true, force: true })
    } catch (error) {
        await stopAll()
        say()
        say(red(`The demo failed: ${error.message.split('\n')[0]}`))
        for (const name of ['alice', 'bob']) {
            const log = join(directory, `${name}.log`)
            const text = await readFile(log, 'utf8').catch(() => '')
            if (text === '') continue
            const lines = text.trimEnd().split('\n').slice(-15)
            say(`\n${log}:`)
            for (const line of lines) say(`  ${line}`)
        }
        process.exit(1)
    }

    say()
    say(bold('What to try next'))
    const next = [
        ['build/release/ilpd --config config/ilpd.yaml', 'a daemon from the annotated sample file'],
        ['curl -s http://127.0.0.1:9464/metrics', '... and its metrics, from another terminal'],
        ['cat deploy/demo/alice.yaml', 'the settings of alice'],
        ['less docs/guides/README.md', 'the guides, from the beginning'],
        ['less docs/operating/peering.md', 'how to manage a peer, step by step'],
        ['less docs/operating/payments.md', 'how to pay and to be paid'],
        ['./dev test', 'every test'],
        ['./dev bench', 'packets per second compared with nginx'],
        ['cat docs/architecture.md', 'how it works'],
    ]
    for (const [command, what] of next) say(`  ${command.padEnd(46)}${dim(what)}`)
    say()
}

const [binary] = process.argv.slice(2)
if (!binary) {
    console.error('usage: node run.mjs ILPD')
    process.exit(2)
}
await main(resolve(binary), join(dirname(binary), 'ilpctl'))
