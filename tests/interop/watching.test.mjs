// The rules and the dashboard of deploy/ with the real promtool and Prometheus, which scrapes two daemons under traffic.
import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Network, daemonPeer, describeEnd, freePorts, fulfillAll, peer, send } from './support.mjs'

const LIMIT_MS = 90_000

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const text = (name) => readFile(path(name), 'utf8')
const rules = path('deploy/prometheus/ilpd.rules.yaml')

const missing = ['promtool', 'prometheus'].filter((program) => spawnSync(program, ['--version']).error)
const skip = missing.length > 0 && `${missing.join(' and ')} (Debian package prometheus) cannot be run`

test('promtool accepts the rules, and each alert fires when it should and not otherwise', { skip }, async () => {
    await promisify(execFile)('promtool', ['check', 'rules', rules])
    await promisify(execFile)('promtool', ['test', 'rules', path('deploy/prometheus/ilpd.rules.test.yaml')])
    const tests = await text('deploy/prometheus/ilpd.rules.test.yaml')
    const alerts = [...(await readFile(rules, 'utf8')).matchAll(/- alert: (\w+)/g)].map((match) => match[1])
    assert.ok(alerts.length > 0)
    const untested = alerts.filter((name) => !new RegExp(`alertname: ?"?${name}\\b|alertname="${name}"`).test(tests))
    assert.deepEqual(untested, [])
})

test('the rules and the dashboard use metrics that exist', async () => {
    const page = await text('docs/operating/metrics.md')
    const known = new Set([...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]))
    for (const file of ['deploy/prometheus/ilpd.rules.yaml', 'deploy/grafana/ilpd.json']) {
        // What follows a colon is part of the name of a recorded series.
        for (const [, name] of (await text(file)).matchAll(/(?<![:\w.])((?:ilp|process)_\w+)/g)) {
            const metric = name.replace(/_(bucket|sum|count)$/, '')
            if (metric !== 'process_is' && !known.has(name)) assert.ok(known.has(metric), `${file}: ${name}`)
        }
    }
})

/** GitHub's name for a heading. */
const anchor = (heading) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-')

async function assertSectionExists(link) {
    const [file, section] = link.split('#')
    const headings = [...(await text(file)).matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1]))
    assert.ok(headings.includes(section), `${link} does not exist`)
}

/** Waits until `condition` resolves to something true, and returns that. */
async function until(what, condition) {
    const deadline = Date.now() + LIMIT_MS
    for (;;) {
        const result = await condition()
        if (result) return result
        if (Date.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS / 1000} s`)
        await pause(100)
    }
}

/** A Prometheus on the loopback address with the configuration of docs/operating/watching.md, only faster. */
class Prometheus {
    static async start(directory, daemons) {
        const [port] = await freePorts(1)
        const block = /^```yaml\n(scrape_configs:.*?|global:.*?)^```$/ms.exec(await text('docs/operating/watching.md'))[1]
        const targets = daemons.map((daemon) => `"127.0.0.1:${daemon.metricsPort}"`).join(', ')
        const configuration = block
            .replace(/(_interval): .*/g, '$1: 500ms')
            .replace(/targets: .*/, `targets: [${targets}]`)
            .replace(/rule_files: .*/, `rule_files: [${JSON.stringify(rules)}]`)
        const file = join(directory, 'prometheus.yaml')
        await writeFile(file, configuration)
        const prometheus = new Prometheus()
        prometheus.url = `http://127.0.0.1:${port}`
        prometheus.output = ''
        const options = [`--config.file=${file}`, `--storage.tsdb.path=${join(directory, 'prometheus')}`]
        options.push(`--web.listen-address=127.0.0.1:${port}`, '--log.level=warn')
        prometheus.child = spawn('prometheus', options, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
        prometheus.child.stderr.on('data', (data) => (prometheus.output += data))
        prometheus.exited = new Promise((done) => {
            prometheus.child.once('error', (error) => done({ error }))
            prometheus.child.once('exit', (code, signal) => done({ code, signal }))
        })
        prometheus.exited.then((how) => (prometheus.ended = how))
        try {
            await until('Prometheus is ready', async () => {
                if (prometheus.ended) throw new Error(`${describeEnd(prometheus.ended)}\n${prometheus.output}`)
                return fetch(`${prometheus.url}/-/ready`).then(
                    async (answer) => (await answer.text()) && answer.ok,
                    () => false,
                )
            })
        } catch (error) {
            await prometheus.stop()
            throw error
        }
        return prometheus
    }

    async ask(what, parameters = {}) {
        const answer = await fetch(`${this.url}/api/v1/${what}?${new URLSearchParams(parameters)}`)
        const { status, data, error } = await answer.json()
        assert.equal(status, 'success', `${JSON.stringify(parameters)}: ${error}`)
        return data
    }

    /** The samples that `query` has now. */
    async query(query) {
        return (await this.ask('query', { query })).result
    }

    async stop() {
        if (!this.ended) this.child.kill('SIGTERM')
        return this.exited
    }
}

/** Panels that have no data here, because what they show does not happen in this network. */
const without = new Set([
    'Packets of payments',
    'Packets in parts',
    'Requests of senders (SPSP)',
    'Connections closed',
    "Time until a peer's liquidity is gone",
    'First certificate expires',
    'Age of rates',
    'Has the database',
    'Left of the lease',
    'Take-overs and registrations',
])

test('Prometheus scrapes two daemons under traffic, and answers every query of the rules and the dashboard', { skip }, async () => {
    const network = await Network.create()
    let prometheus, traffic
    let going = true
    try {
        const [alicePort, bobPort, senderPort, receiverPort, nobody] = await freePorts(5)
        const usd = { code: 'USD', scale: 9, liquidity: 1_000_000, liquidity_threshold: 1000 }
        const webhooks = { url: `http://127.0.0.1:${nobody}/` }
        const alice = await network.daemon('alice', {
            port: alicePort,
            assets: [usd],
            accounts: [{ name: 'alice', asset: { code: 'USD', scale: 9 } }],
            webhooks,
            peers: [
                peer('sender', { address: 'test.alice.sender', port: senderPort, liquidity: 1_000_000_000, liquidity_threshold: 1000 }),
                daemonPeer('alice', 'bob', { port: bobPort }),
            ],
        })
        const bob = await network.daemon('bob', {
            port: bobPort,
            assets: [usd],
            peers: [
                daemonPeer('bob', 'alice', { port: alicePort, liquidity: 1_000_000_000 }),
                peer('receiver', { address: 'test.bob.receiver', port: receiverPort }),
            ],
        })
        const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: alicePort })
        fulfillAll(await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: bobPort }))
        prometheus = await Prometheus.start(network.directory, [alice, bob])
        traffic = (async () => {
            while (going) {
                await send(sender, { destination: 'test.bob.receiver.x' })
                await send(sender, { destination: 'test.elsewhere' })
                await pause(20)
            }
        })()
        traffic.catch(() => {})
        // When the slowest of these is there, everything that is made of two scrapes is, too.
        for (const query of [
            'count(rate(ilp_packets_refused_total[1m])) > 0',
            'count(instance_peer:ilp_packet_duration_seconds:p99_5m > 0) >= 2',
            'count(up{job="ilpd"} == 1) == 2',
            'count(instance:ilp_store_commit_seconds:p99_5m > 0) == 2',
        ]) {
            await until(query, async () => (await prometheus.query(query)).length)
        }

        const dashboard = JSON.parse(await text('deploy/grafana/ilpd.json'))
        const panels = dashboard.panels.filter((panel) => panel.type !== 'row')
        assert.equal(new Set(dashboard.panels.map((panel) => panel.id)).size, dashboard.panels.length)
        for (const { title, targets } of panels) {
            const samples = []
            for (const { expr } of targets) {
                const query = expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(instance|peer)\b/g, '.*')
                assert.doesNotMatch(query.replaceAll('".*"', ''), /\$/, `${title}: an unknown variable`)
                samples.push(...(await prometheus.query(query)))
            }
            if (!without.has(title)) assert.ok(samples.length > 0, `${title}: no data`)
        }
        for (const title of without) assert.ok(panels.some((panel) => panel.title === title), title)
        for (const { name, query } of dashboard.templating.list.filter((variable) => variable.type === 'query')) {
            const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec(query.query)
            const found = await prometheus.query(`count by (${label}) (${series.replaceAll('$instance', '.*')})`)
            assert.ok(found.length >= 2, name)
        }

        const evaluated = await until('every rule has been evaluated', async () => {
            const { groups } = await prometheus.ask('rules')
            const all = groups.flatMap((group) => group.rules)
            return all.every((rule) => rule.health !== 'unknown') && all
        })
        for (const rule of evaluated) {
            assert.equal(rule.health, 'ok', `${rule.name}: ${rule.lastError}`)
            await prometheus.query(rule.query)
            if (rule.type !== 'alerting') continue
            assert.match(rule.labels.severity, /^(info|warning|critical)$/, rule.name)
            assert.ok(rule.annotations.summary && rule.annotations.description, rule.name)
            await assertSectionExists(rule.annotations.runbook)
        }
        // A node that works has no alert. One that does not accept its settings has the one for that.
        const firing = 'ALERTS{alertstate="firing"}'
        assert.deepEqual(await prometheus.query(firing), [])
        await writeFile(bob.configFile, 'no settings')
        bob.child.kill('SIGHUP')
        const [alert] = await until(firing, async () => {
            const found = await prometheus.query(firing)
            return found.length > 0 && found
        })
        assert.equal(alert.metric.alertname, 'IlpdReloadFailed')
        assert.equal(alert.metric.instance, `127.0.0.1:${bob.metricsPort}`)
    } finally {
        going = false
        await traffic?.catch(() => {})
        await prometheus?.stop()
        await network.close()
    }
})
