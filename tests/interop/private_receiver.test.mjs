// An account pays to a receiver on this machine over https://, which the settings have to allow.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Network, daemonPeer, freePorts } from './support.mjs'

const usd = { code: 'USD', scale: 9 }

/** What ilpctl prints, also if it fails. */
async function ilpctl(daemon, ...words) {
    const program = join(dirname(process.env.ILPD), 'ilpctl')
    const environment = { ...process.env, ILPCTL_URL: daemon.adminUrl }
    const run = promisify(execFile)(program, [...words, '--json'], { env: environment })
    const { stdout } = await run.catch((error) => error)
    return JSON.parse(stdout)
}

test('a receiver at a private address is paid only if the settings allow it and know its certificate', async () => {
    const network = await Network.create()
    try {
        const [alicePort, bobPort, spspPort] = await freePorts(3)
        const [certificate, key] = ['bob.crt', 'bob.key'].map((name) => join(network.directory, name))
        execFileSync(
            'openssl',
            ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '1'].concat(
                ['-subj', '/CN=bob', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
            ),
            { stdio: 'ignore' },
        )
        const alice = await network.daemon('alice', {
            port: alicePort,
            accounts: [{ name: 'alice', asset: usd }],
            peers: [daemonPeer('alice', 'bob', { port: bobPort })],
        })
        await network.daemon('bob', {
            port: bobPort,
            accounts: [{ name: 'bob', asset: usd }],
            spsp: { enabled: true, listen: `127.0.0.1:${spspPort}`, certificate_file: certificate, key_file: key },
            peers: [daemonPeer('bob', 'alice', { port: alicePort, liquidity: 20_000_000_000 })],
        })
        await ilpctl(alice, 'account', 'deposit', 'alice', '20')

        const settings = JSON.parse(await readFile(alice.configFile, 'utf8'))
        const pay = async (sending) => {
            await writeFile(alice.configFile, JSON.stringify({ ...settings, sending }))
            await alice.restart()
            return await ilpctl(alice, 'pay', `https://localhost:${spspPort}/bob`, '3', 'USD')
        }
        const refused = await pay({})
        assert.equal(refused.status, 'FAILED')
        assert.match(refused.failure, /no address to which ilpd may connect/)
        const untrusted = await pay({ allow_private_addresses: true })
        assert.equal(untrusted.status, 'FAILED')
        assert.match(untrusted.failure, /certificate/)
        const { failure } = await pay({ ca_file: certificate })
        assert.match(failure, /no address to which ilpd may connect/)
        const paid = await pay({ allow_private_addresses: true, ca_file: certificate })
        assert.deepEqual([paid.status, paid.sent, paid.delivered], ['COMPLETED', '3000000000', '3000000000'])
    } finally {
        await network.close()
    }
})
