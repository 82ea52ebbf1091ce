// A receiver that is written as docs/operating/webhooks.md says.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Network, freePorts, fulfillAll, peer, send } from './support.mjs'

const secret = 'a-secret-of-both'

/** The only block of code in that language. */
async function snippet(language) {
    const page = await readFile(new URL('../../docs/operating/webhooks.md', import.meta.url), 'utf8')
    const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))]
    assert.equal(blocks.length, 1, `blocks in ${language}`)
    return blocks[0][1]
}

/** What each of the three ways says about a request. */
async function checks(directory) {
    const module = join(directory, 'is_signed.mjs')
    await writeFile(module, await snippet('js'))
    const { isSigned } = await import(pathToFileURL(module))
    const python = await snippet('python')
    const shell = await snippet('sh')
    const run = (program, args, options) => {
        const result = spawnSync(program, args, { encoding: 'utf8', ...options })
        assert.equal(result.status, 0, result.stderr)
        return result.stdout.trim()
    }
    return {
        js: (header, body) => isSigned(secret, header, body),
        python: (header, body) =>
            run('python3', [
                '-c',
                `${python}\nimport sys\nprint(is_signed(*map(str.encode, sys.argv[1:2]), sys.argv[2], sys.argv[3].encode()))`,
                secret,
                header,
                body.toString(),
            ]) === 'True',
        openssl: (header, body) => {
            const [, t, v1] = /^t=(\d+), v1=(.*)$/.exec(header)
            const file = join(directory, 'body')
            const written = spawnSync('sh', ['-c', 'cat > "$0"', file], { input: body })
            assert.equal(written.status, 0)
            return run('sh', ['-c', shell], { env: { ...process.env, t, body: file, secret } }).endsWith(`= ${v1}`)
        },
    }
}

test('a receiver checks the signature in each of the documented ways', async (context) => {
    const network = await Network.create()
    const receiver = createServer(async (request, response) => {
        const body = Buffer.concat(await request.toArray())
        response.end('thank you')
        receiver.emit('event', { request, body })
    })
    try {
        receiver.listen(0, '127.0.0.1')
        await once(receiver, 'listening')
        const [port, senderPort, receiverPort] = await freePorts(3)
        await network.daemon('alice', {
            port,
            webhooks: { url: `http://127.0.0.1:${receiver.address().port}/hook?from=alice`, secret },
            peers: [
                peer('sender', {
                    address: 'test.alice.sender',
                    port: senderPort,
                    liquidity: 1000,
                    liquidity_threshold: 900,
                }),
                peer('receiver', { address: 'test.alice.receiver', port: receiverPort }),
            ],
        })
        const sender = await network.plugin({ name: 'sender', port: senderPort, daemonPort: port })
        fulfillAll(await network.plugin({ name: 'receiver', port: receiverPort, daemonPort: port }))
        const arrived = once(receiver, 'event')
        await send(sender, { destination: 'test.alice.receiver', amount: 100 })
        const [{ request, body }] = await arrived
        assert.equal(request.url, '/hook?from=alice')
        assert.equal(request.headers['content-type'], 'application/json')
        const header = request.headers['rafiki-signature']
        assert.equal(JSON.parse(body).data.balance, '900')

        const forged = Buffer.from(body.toString().replace('"900"', '"901"'))
        for (const [way, isSigned] of Object.entries(await checks(network.directory))) {
            await context.test(way, { skip: way === 'python' && spawnSync('python3', ['--version']).error }, () => {
                assert.equal(isSigned(header, body), true)
                assert.equal(isSigned(header, forged), false)
                assert.equal(isSigned(header.replace(/t=\d/, 't=2'), body), false)
            })
        }
    } finally {
        receiver.closeAllConnections()
        receiver.close()
        await network.close()
    }
})
