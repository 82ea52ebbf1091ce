// The long form of the tests of a cluster: rounds of every fault that it has to survive, under load.
//   node faults.mjs ILPD [ROUNDS [FAULT...]]      FAULT: a word that the name of a fault contains
// After each round: packets flow again, no Fulfill that the sender has seen is missing, the audit finds nothing, and
// the epoch has not fallen. Exit status 0 only if that held after each of them.
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Traffic } from './cluster.mjs'

const PACKETS_BETWEEN = 200
const HELD_UP_MS = 5_000

/** Each does something to the cluster while packets flow, waits until it has recovered, and undoes what it did. */
const FAULTS = {
    async 'kill -9 of the active daemon'(cluster) {
        const active = await cluster.untilActive()
        await active.kill()
        await cluster.untilActive(active)
        active.start()
    },
    async 'kill -9 of the active daemon, which is started again at once'(cluster) {
        const active = await cluster.untilActive()
        await active.kill()
        active.start()
        await cluster.untilActive()
    },
    async 'the active daemon is stopped in its tracks for longer than its lease'(cluster) {
        const active = await cluster.untilActive()
        await active.suspend()
        await cluster.untilActive(active)
        const { exited } = active
        active.resume()
        await exited // it has been shut out, and is started again as a standby
    },
    async 'a stop of the active daemon in good order'(cluster) {
        const active = await cluster.untilActive()
        await active.end()
        await cluster.untilActive(active)
        active.start()
    },
    async "the standby's receiver of the log is stopped in its tracks"(cluster) {
        const standby = await cluster.standbyServer()
        const receiver = standby.receiver()
        if (!receiver) throw new Error('the standby has no receiver')
        process.kill(receiver, 'SIGSTOP')
        await pause(HELD_UP_MS) // commits wait meanwhile
        process.kill(receiver, 'SIGCONT')
        await cluster.untilReplicated()
    },
    async 'kill -9 of the primary and of its Patroni'(cluster) {
        const primary = await cluster.untilReplicated()
        await primary.kill()
        await cluster.untilPrimary(primary)
        primary.start()
        await cluster.untilReplicated()
    },
    async 'kill -9 of the Patroni of the primary, whose server goes on as if it were the primary'(cluster) {
        const primary = await cluster.untilReplicated()
        await primary.patroni.kill()
        await cluster.untilPrimary(primary)
        primary.start()
        await cluster.untilReplicated()
    },
    async 'a switch-over with patronictl'(cluster) {
        await cluster.switchOver()
        await cluster.untilReplicated()
    },
}

async function round(cluster, traffic, fault) {
    const before = await cluster.epoch()
    traffic.watch.beginPhase()
    await traffic.watch.untilFulfilled(PACKETS_BETWEEN)
    await fault(cluster)
    await traffic.watch.untilFulfilled(PACKETS_BETWEEN)
    const gap = traffic.watch.longestGap
    await cluster.untilAllWait()
    await traffic.rest()
    const faults = await cluster.faults(traffic.watch)
    const epoch = await cluster.epoch()
    if (epoch < before) faults.push(`the epoch was ${before}, and is ${epoch}`)
    await cluster.audit()
    traffic.goOn()
    if (faults.length) throw new Error(faults.join('; '))
    return { gap, epoch }
}

async function main(ilpd, rounds, words) {
    const cluster = new Cluster()
    let traffic
    const end = (status) => cluster.stop().then(() => process.exit(status))
    process.once('SIGINT', () => end(130))
    process.once('SIGTERM', () => end(143))
    try {
        await cluster.start({ ilpd, say: console.log })
        traffic = new Traffic(cluster)
        for (const [name, fault] of Object.entries(FAULTS)) {
            if (words.length && !words.some((word) => name.includes(word))) continue
            for (let number = 1; number <= rounds; number++) {
                const { gap, epoch } = await round(cluster, traffic, fault).catch((error) => {
                    error.message = `${name}, round ${number}: ${error.message}`
                    throw error
                })
                const seconds = (gap / 1000).toFixed(1)
                console.log(`${name}, round ${number}: held. Epoch ${epoch}, at most ${seconds} s without a Fulfill.`)
            }
        }
        await traffic.stop()
        const corrected = await cluster.endDoubt()
        const faults = await cluster.faults(traffic.watch, corrected)
        if (faults.length) throw new Error(faults.join('; '))
        const { packets } = traffic.watch.fulfilled
        console.log(`${packets} packets were fulfilled. The operator has credited ${corrected} units to bob. ` +
            `The audit says: ${await cluster.audit()}.`)
        await cluster.stop()
        await cluster.remove()
    } catch (error) {
        console.error(error.message)
        console.error(await cluster.logTails(40))
        await traffic?.stop()
        await cluster.stop()
        console.error(`The logs are in ${cluster.directory}.`)
        process.exit(1)
    }
}

const [binary, rounds = '20', ...words] = process.argv.slice(2)
if (!binary || !(Number(rounds) > 0)) {
    console.error('usage: node faults.mjs ILPD [ROUNDS [FAULT...]]')
    process.exit(2)
}
await main(resolve(binary), Number(rounds), words)
