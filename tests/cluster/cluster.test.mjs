// The short form of the tests of a cluster: under load, the active daemon is killed, and then the primary of its store.
// faults.mjs has the long form.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Cluster, Traffic } from './cluster.mjs'

const cluster = new Cluster()
let traffic
let hasFailed = true

before(async () => {
    await cluster.start({ ilpd: process.env.ILPD, say: console.log })
    traffic = new Traffic(cluster)
    await traffic.watch.untilFulfilled(100)
})

after(async () => {
    await traffic?.stop()
    const logs = await cluster.logTails()
    const unclean = (await cluster.stop()).filter(({ code }) => code !== 0)
    await cluster.remove()
    if (hasFailed || unclean.length) console.log(logs)
    assert.deepEqual(unclean, [])
})

/** What holds after each fault: packets flow, no Fulfill is lost, and only the newer epoch can write. */
async function checkAfter(epoch) {
    await traffic.watch.untilFulfilled(100)
    await traffic.rest()
    assert.deepEqual(await cluster.faults(traffic.watch), [])
    assert.match(await cluster.audit(), /all balances agree/)
    assert.ok((await cluster.epoch()) > epoch)
    traffic.goOn()
}

test('a standby goes on with every Fulfill after kill -9 of the active daemon', async () => {
    const epoch = await cluster.epoch()
    const active = await cluster.untilActive()
    await active.kill()
    const next = await cluster.untilActive(active)
    assert.notEqual(next.name, active.name)
    active.start()
    await checkAfter(epoch)
    await cluster.untilAllWait()
})

test('a promoted standby of PostgreSQL has every Fulfill after kill -9 of the primary', async () => {
    const epoch = await cluster.epoch()
    const primary = await cluster.untilReplicated()
    await primary.kill()
    assert.notEqual((await cluster.untilPrimary(primary)).name, primary.name)
    primary.start() // no commit is confirmed before that
    await checkAfter(epoch)
})

test('the manual: an operator sees who is active, and makes another server the primary', async () => {
    const epoch = await cluster.epoch()
    const primary = await cluster.untilReplicated()
    const seen = await cluster.look()
    assert.match(seen, new RegExp(`${primary.name} .*Leader`))
    assert.match(seen, /Sync Standby/)
    assert.equal(seen.match(/^ready$/gm).length, 1)
    assert.equal(seen.match(/^not ready$/gm).length, 2)
    assert.notEqual((await cluster.switchOver()).name, primary.name)
    await checkAfter(epoch)
})

test('the books of both sides agree when the operator has ended the doubt', async () => {
    await traffic.rest()
    const corrected = await cluster.endDoubt()
    assert.deepEqual(await cluster.faults(traffic.watch, corrected), [])
    const { owedToBob, claimedByBob, doubt } = await cluster.moved()
    assert.equal(owedToBob, claimedByBob)
    assert.equal(doubt, 0n)
    assert.match(await cluster.audit(), /all balances agree/)
    hasFailed = false
})
