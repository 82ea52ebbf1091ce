// deploy/compose: the files that it names exist, and ilpd accepts the settings of both nodes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { temporaryDirectory } from './support.mjs'

const run = promisify(execFile)
const FOLDER = fileURLToPath(new URL('../../deploy/compose/', import.meta.url))
const read = async (name) => parse(await readFile(join(FOLDER, name), 'utf8'), { merge: true })
const compose = await read('compose.yaml')
const NODES = ['alice', 'bob']

test('compose names files, volumes and secrets that exist', async () => {
    for (const [name, service] of Object.entries(compose.services)) {
        for (const volume of service.volumes ?? []) {
            const [source] = volume.split(':')
            if (source.startsWith('.')) await stat(join(FOLDER, source))
            else assert.ok(source in compose.volumes, `${name}: ${source}`)
        }
        for (const secret of service.secrets ?? []) assert.ok(secret in compose.secrets, `${name}: ${secret}`)
        for (const other of Object.keys(service.depends_on ?? {})) assert.ok(other in compose.services)
        for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/)
    }
    const built = Object.values(compose.services).filter(({ build }) => build)
    assert.equal(new Set(built.map(({ image }) => image)).size, built.length, 'two services build the same image')
    for (const { build } of built) await stat(join(FOLDER, build.context, build.dockerfile))
})

test('the nodes of compose are confined, have time to finish their packets, and are scraped', async () => {
    const [{ static_configs: [{ targets }] }] = (await read('prometheus.yaml')).scrape_configs
    for (const name of NODES) {
        const service = compose.services[name]
        assert.equal(service.read_only, true)
        assert.deepEqual(service.cap_drop, ['ALL'])
        const { connector, metrics } = await read(`${name}.yaml`)
        const { max_hold_time: hold = '30s', shutdown_grace: grace } = connector
        assert.ok(parseInt(service.stop_grace_period) >= parseInt(hold) + parseInt(grace) + 30)
        assert.ok(targets.includes(`${name}:${metrics.listen.split(':')[1]}`))
    }
})

test('ilpd accepts the settings of both nodes with the secrets that make-secrets makes', async () => {
    const folder = await temporaryDirectory()
    try {
        await cp(join(FOLDER, 'make-secrets'), join(folder, 'make-secrets'))
        await run(join(folder, 'make-secrets'))
        for (const { file } of Object.values(compose.secrets)) assert.match(await readFile(join(folder, file), 'utf8'), /^[0-9a-f]{64}\n$/)
        const environment = await readFile(join(folder, 'secrets/alice.env'), 'utf8')
        await run(join(folder, 'make-secrets'))
        assert.equal(await readFile(join(folder, 'secrets/alice.env'), 'utf8'), environment, 'secrets that exist are kept')
        for (const name of NODES) {
            const settings = await readFile(join(FOLDER, `${name}.yaml`), 'utf8')
            for (const [, secret] of settings.matchAll(/\/run\/secrets\/([a-z-]+)/g)) {
                assert.ok(compose.services[name].secrets.includes(secret), `${name}: ${secret}`)
            }
            await writeFile(join(folder, 'ilpd.yaml'), settings.replaceAll('/run/secrets/', `${folder}/secrets/`))
            await run(process.env.ILPD, ['--config', join(folder, 'ilpd.yaml'), '--check-config'])
        }
    } finally {
        await rm(folder, { recursive: true })
    }
})
