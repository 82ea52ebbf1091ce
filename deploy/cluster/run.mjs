// A cluster that loses a daemon and then a PostgreSQL server while payments flow:
//   sender --> haproxy --> one of three daemons on one store --> bob --> receiver
//   node run.mjs ILPD      ILPD: the daemon's path; ilpctl lies beside it
// Exit status 0 only when the books of both sides agree in the end, and the audit finds nothing.
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describeEnd, streamPay, streamReceiver } from '../../tests/interop/support.mjs'
import { Cluster, Watch } from '../../tests/cluster/cluster.mjs'

const SCALE = 9
const PAYMENT = 500_000_000n // 0.5 USD, in packets of at most 0.05 USD
const PAYMENT_LIMIT_MS = 20_000
const PAUSE_MS = 200
const PACKETS_BETWEEN = 200

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
const style = (code) => (text) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text)
const [bold, dim, green, red] = [style(1), style(2), style(32), style(31)]
const began = Date.now()
const say = (text = '') => console.log(text)
const tell = (text) => say(`  ${dim(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s`)}  ${text}`)

/** 1234500000 units are "1.2345"; at least two digits after the point. */
function usd(units) {
    const digits = String(units).padStart(SCALE + 1, '0')
    return `${digits.slice(0, -SCALE)}.${digits.slice(-SCALE).replace(/0+$/, '').padEnd(2, '0')}`
}

/** Payments over STREAM, one after the other, until `stop`. */
class Payments {
    arrived = 0
    brokenOff = 0
    #hasEnded = false
    #payer

    constructor(cluster, receiver) {
        // At its end, a connection of STREAM disconnects its plugin and takes its handler away; the next needs both.
        const lasting = Object.create(cluster.sender, {
            disconnect: { value: async () => {} },
            registerDataHandler: { value: (handler) => cluster.sender.registerDataHandler(handler) },
            deregisterDataHandler: { value: () => {} },
        })
        this.#payer = this.#payOnAndOn(lasting, receiver)
    }

    async #payOnAndOn(plugin, receiver) {
        while (!this.#hasEnded) {
            try {
                await streamPay(plugin, receiver.credentials(), PAYMENT, { timeout: PAYMENT_LIMIT_MS })
                this.arrived++
            } catch {
                this.brokenOff++
                await pause(PAUSE_MS)
            }
        }
    }

    async stop() {
        this.#hasEnded = true
        await this.#payer
    }
}

/** What peers have seen since the last call, in sentences. */
function witness(watch) {
    let before = { fulfilled: 0, unanswered: 0, rejected: new Map() }
    return () => {
        const now = {
            fulfilled: watch.fulfilled.packets,
            unanswered: watch.unanswered.packets,
            rejected: new Map(watch.rejected),
        }
        const codes = [...now.rejected].sort().map(([code, count]) => [code, count - (before.rejected.get(code) ?? 0)])
        const rejected = codes.filter(([, count]) => count > 0).map(([code, count]) => `${count} with ${code}`)
        tell(`The sender has seen ${now.fulfilled - before.fulfilled} packets fulfilled.`)
        if (rejected.length) tell(`Others were rejected: ${rejected.join(', ')}.`)
        const unanswered = now.unanswered - before.unanswered
        if (unanswered) tell(`${unanswered} packets got no answer.`)
        tell(bold(`The longest time without a Fulfill was ${(watch.longestGap / 1000).toFixed(1)} s.`))
        before = now
        watch.beginPhase()
    }
}

async function loseDaemon(cluster, watch) {
    const active = await cluster.untilActive()
    say()
    tell(bold(`kill -9 of daemon ${active.name}, which has the store.`))
    await active.kill()
    const next = await cluster.untilActive(active)
    tell(`Daemon ${next.name} has taken over: ${active.name} gave no sign of life for store.lease_time.`)
    active.start()
    tell(`Daemon ${active.name} is started again, and waits as a standby.`)
    await watch.untilFulfilled(PACKETS_BETWEEN)
}

async function losePrimary(cluster, watch) {
    const primary = await cluster.untilReplicated()
    say()
    tell(bold(`kill -9 of PostgreSQL ${primary.name}, which is the primary, and of its Patroni.`))
    await primary.kill()
    const next = await cluster.untilPrimary(primary)
    tell(`PostgreSQL ${next.name} is the primary now. No standby is left, so it confirms no commit.`)
    primary.start()
    await cluster.untilReplicated()
    tell(`PostgreSQL ${primary.name} is back as the standby, and commits are confirmed again.`)
    await watch.untilFulfilled(PACKETS_BETWEEN)
}

/** Ends the doubt about what bob may have fulfilled, compares all books, and says what each has. */
async function compareBooks(cluster, watch, receiver) {
    const { doubt } = await cluster.moved()
    const missing = await cluster.endDoubt()
    if (doubt > 0n) {
        tell(`After the crashes, up to ${usd(doubt)} USD could be in bob's book and not in ours.`)
        tell(
            missing > 0n
                ? `The books are compared: it is ${usd(missing)} USD. ilpctl doubt correct bob ${usd(missing)}`
                : 'The books are compared, and they agree. ilpctl doubt agree bob',
        )
    }
    const moved = await cluster.moved()
    const faults = await cluster.faults(watch, missing)
    if (moved.doubt !== 0n) faults.push(`a doubt of ${moved.doubt} is left`)
    if (moved.claimedByBob !== receiver.received()) faults.push(`the receiver has ${receiver.received()}`)
    for (const [whose, amount] of [
        ['the Fulfills that the sender has seen', watch.fulfilled.amount],
        ["paid by the sender, in the cluster's book", moved.paidBySender],
        ["owed to bob, in the cluster's book", moved.owedToBob],
        ["owed by the cluster, in bob's book", moved.claimedByBob],
        ["paid on to the receiver, in bob's book", moved.paidToReceiver],
        ['received by the receiver', receiver.received()],
    ]) {
        say(`            ${usd(amount).padStart(16)} USD  ${whose}`)
    }
    if (faults.length) throw new Error(`the books do not agree: ${faults.join('; ')}`)
    tell(`${green('agreed')}: the two books agree, and no Fulfill that the sender has seen is missing.`)
    tell(`The audit says: ${await cluster.audit()}.`)
}

async function main(ilpd) {
    let cluster
    let payments
    let isEnding = false
    const end = async (status) => {
        if (isEnding) return
        isEnding = true
        await cluster?.stop()
        await cluster?.remove()
        process.exit(status)
    }
    process.once('SIGINT', () => end(130))
    process.once('SIGTERM', () => end(143))
    say()
    say(bold('A cluster that loses a daemon and a database'))
    say()
    say('  sender  -->  haproxy  -->  ilpd one, two or three  -->  bob  -->  receiver')
    say(dim('  client                     one store: PostgreSQL      ilpd      client'))
    say(dim('                             one and two, Patroni       SQLite'))
    say()
    try {
        cluster = new Cluster()
        await cluster.start({ ilpd, say: tell })
        const receiver = await streamReceiver(cluster.receiver)
        const watch = new Watch(cluster.sender)
        const report = witness(watch)
        payments = new Payments(cluster, receiver)
        await watch.untilFulfilled(PACKETS_BETWEEN)
        report()
        tell(dim('F08 and F99 are answers with which STREAM explores the path at the start of each payment.'))
        await loseDaemon(cluster, watch)
        report()
        await losePrimary(cluster, watch)
        report()
        await payments.stop()
        say()
        tell(`${payments.arrived} payments have arrived, and ${payments.brokenOff} were broken off.`)
        await compareBooks(cluster, watch, receiver)
        const ends = await cluster.stop()
        const unclean = ends.find(({ code }) => code !== 0)
        if (unclean) throw new Error(`${unclean.name} did not stop cleanly: ${describeEnd(unclean)}`)
        await cluster.remove()
        tell(`${green('clean')}:  everything that was started has ended.`)
        say()
    } catch (error) {
        if (isEnding) return
        isEnding = true
        say()
        say(red(`The demo failed: ${error.message}`))
        say(await cluster.logTails())
        await cluster.stop()
        say(`The logs are in ${cluster.directory}.`)
        process.exit(1)
    }
}

const [binary] = process.argv.slice(2)
if (!binary) {
    console.error('usage: node run.mjs ILPD')
    process.exit(2)
}
await main(resolve(binary))
