// The console in a real Chromium, against a real daemon with signed requests.
//   CONSOLE_SCREENSHOTS=docs/operating/console  writes the pictures of docs/operating/console.md there.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { Admin, eventually } from './admin_support.mjs'
import { canonical } from '../../connector/console/files/api.js'
import { read, show } from '../../connector/console/files/amounts.js'
import { boundOf, ratesBetween } from '../../connector/console/files/traffic.js'
import { connectPlugin, disconnectPlugin, freePorts, fulfillAll, fulfillmentOf, peer, send } from './support.mjs'

const { deserializeIlpPrepare, serializeIlpFulfill, serializeIlpReject } = createRequire(import.meta.url)('ilp-packet')

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const SECRET = 'the-secret-of-the-console-test'
const LIMIT_MS = 30_000

const skip = spawnSync(CHROMIUM, ['--version']).error && `${CHROMIUM} (Debian package chromium) cannot be run`
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

test('canonical JSON: members in order, and what JavaScript leaves out is left out', () => {
    assert.equal(canonical({ b: [1, 'é', null], a: { d: undefined, c: true } }), '{"a":{"c":true},"b":[1,"é",null]}')
})

test('amounts are exact, whatever their size', () => {
    const usd = { code: 'USD', scale: 9 }
    assert.equal(show('18446744073709551615', usd), '18446744073.709551615 USD')
    assert.equal(show('0', usd), '0.00 USD')
    assert.equal(show('5', { code: 'JPY', scale: 0 }), '5 JPY')
    assert.equal(show('1200', { code: 'EUR', scale: 2 }), '12.00 EUR')
    assert.equal(read('18446744073.709551615', usd), '18446744073709551615')
    assert.equal(read('12.50', usd), '12500000000')
    for (const text of ['', '1e3', '-1', '1,5', '0.0000000001', '18446744073.709551616']) {
        assert.throws(() => read(text, usd), Error, text)
    }
})

test('rates begin anew after a restart, and a share of the packets has a bound', () => {
    const look = (prepares, count) => ({
        incoming: { prepares, fulfills: prepares, rejects: '0' }, outgoing: { prepares: '0' }, packetsInFlight: '1',
        refusals: [{ count: '2' }], durations: [{ seconds: 0.001, count }, { seconds: null, count: '1' }] })
    assert.equal(ratesBetween(look('10', '9'), look('30', '29'), 2).received, 10)
    assert.equal(ratesBetween(look('10', '9'), look('30', '29'), 2).late, 0.001)
    assert.equal(ratesBetween(look('100', '99'), look('4', '3'), 2).received, 2)
    assert.equal(boundOf([], 0.5), null)
    assert.equal(boundOf([{ seconds: 1, count: 1 }, { seconds: null, count: 99 }], 0.5), Infinity)
})

let admin, browser, bob, carol
const requests = []
const faults = []

async function newPage(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options })
    context.setDefaultTimeout(LIMIT_MS)
    const page = await context.newPage()
    page.on('request', (request) => requests.push(request.url()))
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
        // A refused signature and a lost answer are part of the tests.
        if (message.type() === 'error' && !/401|ERR_FAILED/.test(message.text())) faults.push(message.text())
    })
    return page
}

async function signIn(page, hash = '') {
    await page.goto(`${origin()}/${hash}`)
    await page.getByLabel('Admin secret').fill(SECRET)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Forget the secret' }).waitFor()
}

async function liquidityOf(name) {
    const { edges } = await admin.query('{ peers { edges { node { name liquidity } } } }')
    return BigInt(edges.find(({ node }) => node.name === name).node.liquidity)
}

const origin = () => new URL(admin.url).origin

async function open(page, hash, heading) {
    await page.evaluate((to) => { location.hash = to }, hash)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
}

async function violations(page) {
    await page.evaluate(axe)
    const { violations: found } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
}

/** The top of the page, or of the section with this heading. */
async function picture(page, name, heading = null) {
    const folder = process.env.CONSOLE_SCREENSHOTS
    if (!folder) return
    await mkdir(folder, { recursive: true })
    if (heading) await page.getByRole('heading', { name: heading }).evaluate((element) => element.scrollIntoView())
    else await page.evaluate(() => scrollTo(0, 0))
    const { width, height } = page.viewportSize()
    await page.screenshot({ path: join(folder, `${name}.png`), clip: { x: 0, y: 0, width, height: Math.min(height, 640) } })
}

before(async () => {
    if (skip) return
    const [port, bobPort, carolPort] = await freePorts(3)
    admin = await Admin.start({
        port,
        signs: SECRET,
        assets: [{ code: 'USD', scale: 9, liquidity_threshold: 1_000 }],
        peers: [
            peer('bob', { port: bobPort, address: 'test.alice.bob', liquidity: 50_000_000_000, liquidity_threshold: 60_000_000_000 }),
            peer('carol', { port: carolPort, address: 'test.alice.carol', liquidity: 250_000_000_000, liquidity_threshold: 60_000_000_000 })
        ]
    })
    bob = await admin.network.plugin({ name: 'bob', port: bobPort, daemonPort: port })
    carol = await admin.network.plugin({ name: 'carol', port: carolPort, daemonPort: port })
    fulfillAll(carol)
    bob.registerDataHandler(async (octets) => {
        const { destination, data } = deserializeIlpPrepare(octets)
        return destination === 'peer.config'
            ? serializeIlpReject({ code: 'F02', triggeredBy: 'test.alice.bob', message: 'no ILDCP', data: Buffer.alloc(0) })
            : serializeIlpFulfill({ fulfillment: fulfillmentOf(data), data })
    })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
})

after(async () => {
    await browser?.close()
    await admin?.close()
})

test('a wrong secret is refused, a right one stays in the tab, and nothing is stored', { skip }, async () => {
    const page = await newPage()
    await page.goto(`${origin()}/`)
    await page.getByLabel('Admin secret').fill('another-secret')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('does not accept this secret').waitFor()
    await page.getByLabel('Admin secret').fill(SECRET)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'test.alice' }).waitFor()
    const stored = await page.evaluate(() => ({ local: localStorage.length, session: sessionStorage.length, cookie: document.cookie }))
    assert.deepEqual(stored, { local: 0, session: 0, cookie: '' })
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    await page.context().close()
})

test('the files say what the page may do, and other paths and methods are refused', { skip }, async () => {
    const page = await fetch(`${origin()}/`)
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self';/)
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
    assert.equal((await fetch(`${origin()}/main.js?x=1`)).headers.get('content-type'), 'text/javascript; charset=utf-8')
    assert.equal((await fetch(`${origin()}/`, { method: 'HEAD' })).status, 200)
    assert.equal((await fetch(`${origin()}/`, { method: 'POST' })).status, 404)
    for (const path of ['/../config/ilpd.yaml', '/pages', '/main.js/', '/%6dain.js']) {
        assert.equal((await fetch(`${origin()}${path}`)).status, 404, path)
    }
})

test('the overview, and live traffic, examination and liquidity of a peer', { skip }, async () => {
    const page = await newPage()
    await signIn(page)
    await page.getByText('accepts packets').waitFor()
    const low = page.getByRole('table', { name: 'Peers with little liquidity' })
    assert.match(await low.innerText(), /bob\s+50\.00 USD low/)
    await picture(page, 'overview')

    await open(page, '#/peers', 'Peers')
    await page.getByRole('link', { name: 'bob' }).click()
    await page.getByRole('heading', { level: 1, name: 'bob' }).waitFor()
    let ended = false
    const traffic = (async () => {
        while (!ended) await Promise.all(Array.from({ length: 20 }, () => send(bob, { destination: 'test.alice.carol.x', amount: 1000 })))
    })()
    await send(bob, { destination: 'test.nowhere' })
    await page.getByRole('img', { name: /^Packets from it: now [1-9]/ }).waitFor()
    await page.getByRole('table', { name: /refused/ }).getByText('no_route').waitFor()
    ended = true
    await traffic
    await page.getByLabel('Deposit', { exact: false }).first().fill('12.5')
    // The deposit is made, its answer is lost, and pressing the button again makes no second one.
    const before = await liquidityOf('bob')
    let isLost = false
    await page.route('**/graphql', async (route) => {
        if (isLost || !route.request().postData().includes('depositPeerLiquidity')) return route.continue()
        isLost = true
        await route.fetch()
        await route.abort()
    })
    await page.getByRole('button', { name: 'Deposit' }).click()
    await page.getByRole('alert').getByText('The daemon does not answer').waitFor()
    await page.getByRole('button', { name: 'Deposit' }).click()
    await page.getByText('12.50 USD deposited.').waitFor()
    await page.unroute('**/graphql')
    assert.equal(await liquidityOf('bob'), before + 12_500_000_000n)
    await page.getByRole('img', { name: /^Packets from it: now/ }).waitFor()
    await page.getByRole('button', { name: 'Examine the link' }).click()
    await page.getByText('takes our token').waitFor()
    await page.getByText('It does not say which address and asset we have there: no ILDCP (F02)').waitFor()
    await picture(page, 'peer', 'Traffic')

    await page.getByRole('link', { name: 'Transfers' }).click()
    await page.getByRole('heading', { level: 1, name: 'Transfers of bob' }).waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export as CSV' }).click()
    const csv = await readFile(await (await download).path(), 'utf8')
    assert.match(csv, /^id,time,type,state,from,to,incoming,amount,asset,packets,sum of day\r\n/)
    assert.match(csv, /,12\.50,USD,0,\r\n/)
    await picture(page, 'transfers')
    await page.context().close()
})

test('a peer is added by the wizard, packets go to it, and it is disabled and enabled', { skip }, async () => {
    const [port] = await freePorts(1)
    const page = await newPage()
    await signIn(page, '#/new-peer')
    await page.getByLabel('Their ILP address').fill('test.alice.dora')
    await page.getByLabel('Their endpoint').fill(`http://127.0.0.1:${port}/`)
    await page.getByLabel('Token that we present to them').fill('to-dora')
    await page.getByLabel('Name', { exact: false }).first().fill('dora')
    await page.getByLabel('Largest packet').fill('not an amount')
    await page.getByRole('button', { name: 'Add the peer' }).click()
    await page.getByRole('alert').getByText('is not an amount').waitFor()
    await page.getByLabel('Largest packet').fill('5')
    await page.getByLabel('What they can send').fill('3')
    await picture(page, 'new-peer')
    await page.getByRole('button', { name: 'Add the peer' }).click()
    await page.getByRole('heading', { level: 1, name: 'The peer is added' }).waitFor()
    const letter = await page.getByLabel('What to send to the other operator').innerText()
    const token = /Token that you present to us: +([0-9a-f]{48})/.exec(letter)[1]

    const dora = await connectPlugin({ name: 'dora', port, url: `http://127.0.0.1:${admin.port}/ilp`, incomingToken: 'to-dora', outgoingToken: token })
    try {
        const seen = fulfillAll(dora)
        assert.ok((await send(bob, { destination: 'test.alice.dora.x', amount: 7 })).reply.fulfillment)
        assert.equal(seen.length, 1)
        assert.ok((await send(dora, { destination: 'test.alice.carol.x', amount: 7 })).reply.fulfillment)
    } finally {
        await disconnectPlugin(dora)
    }

    await page.getByRole('link', { name: 'Go to the peer' }).click()
    await page.getByRole('heading', { level: 1, name: 'dora' }).waitFor()
    await page.getByRole('button', { name: 'Disable' }).click()
    await page.getByText('The peer is disabled.').waitFor()
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByText('The peer is enabled.').waitFor()
    await page.getByText('Change its terms').click()
    await page.getByLabel('Largest packet').fill('6.25')
    await page.getByLabel('Threshold').fill('')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The terms are changed.').waitFor()
    const peers = await admin.query('{ peers { edges { node { name maxPacketAmount } } } }')
    assert.equal(peers.edges.find(({ node }) => node.name === 'dora').node.maxPacketAmount, '6250000000')
    await page.context().close()
})

test('assets, accounts, routes, payments and events', { skip }, async () => {
    const page = await newPage()
    await signIn(page, '#/assets')
    await page.getByLabel('Code').fill('EUR')
    await page.getByLabel('Scale').fill('2')
    await page.getByRole('button', { name: 'Add the asset' }).click()
    await page.getByText('EUR/2 is added.').waitFor()
    await open(page, '#/accounts', 'Receiving accounts')
    await page.getByLabel('Name', { exact: false }).first().fill('shop')
    await page.getByLabel('Name of its owner').fill('<b>The shop</b>')
    await page.getByRole('button', { name: 'Add the account' }).click()
    await page.getByText('shop is added.').waitFor()
    await page.getByRole('cell', { name: '<b>The shop</b>', exact: true }).waitFor()
    await open(page, '#/routes', 'Routes')
    await page.getByLabel('ILP address').fill('test.alice.carol.x')
    await page.getByRole('button', { name: 'Look up' }).click()
    await page.getByRole('table', { name: 'The route of this address' }).getByRole('link', { name: 'carol' }).waitFor()
    await open(page, '#/payments', 'Payments')
    await page.getByLabel('To', { exact: false }).first().fill('not a pointer')
    await page.getByLabel('Amount to send').fill('1')
    await page.getByRole('button', { name: 'Pay' }).click()
    await eventually(async () => (await page.getByRole('alert').innerText()) !== '')
    await open(page, '#/events', 'Events')
    await open(page, '#/cluster', 'Cluster')
    await page.getByText('no other daemon can take over').waitFor()
    await page.getByRole('cell', { name: /^on .*, process \d+ \(this daemon\)$/ }).waitFor()
    await page.context().close()
})

test('axe finds nothing on any page, light, dark and narrow, and nothing overflows', { skip }, async () => {
    for (const options of [{}, { colorScheme: 'dark' }, { viewport: { width: 360, height: 740 } }]) {
        const page = await newPage(options)
        await page.goto(`${origin()}/`)
        await page.getByLabel('Admin secret').waitFor()
        assert.deepEqual(await violations(page), [], 'sign in')
        await signIn(page)
        const { id } = (await admin.query('{ peers { edges { node { id name } } } }')).edges.find(({ node }) => node.name === 'carol').node
        const all = { '#/': 'test.alice', '#/peers': 'Peers', [`#/peer/${id}`]: 'carol', '#/new-peer': 'Add a peer', '#/assets': 'Assets',
            '#/accounts': 'Receiving accounts', '#/payments': 'Payments', '#/routes': 'Routes', '#/events': 'Events', '#/cluster': 'Cluster',
            [`#/transfers/${id}`]: 'Transfers of carol' }
        for (const [hash, heading] of Object.entries(all)) {
            await open(page, hash, heading)
            assert.deepEqual(await violations(page), [], `${hash} ${JSON.stringify(options)}`)
            const [scroll, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
            assert.ok(scroll <= width, `${hash} is ${scroll} wide in ${width}`)
            if (hash === '#/' && options.colorScheme === 'dark') await picture(page, 'overview-dark')
            if (hash === '#/peers' && options.viewport) await picture(page, 'peers-narrow')
        }
        await page.context().close()
    }
})

test('the keyboard reaches the content, the pages and the forms', { skip }, async () => {
    const page = await newPage()
    await signIn(page, '#/routes')
    await page.getByRole('heading', { level: 1, name: 'Routes' }).waitFor()
    await page.getByRole('link', { name: 'Skip to the content' }).focus()
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
    await page.getByRole('heading', { level: 1, name: 'Routes' }).waitFor()
    await page.getByLabel('ILP address').focus()
    await page.keyboard.type('test.alice.bob')
    await page.keyboard.press('Enter')
    await page.getByRole('table', { name: 'The route of this address' }).waitFor()
    await page.context().close()
})

test('no request went anywhere else, and the browser has found no fault', { skip }, () => {
    const elsewhere = requests.filter((url) => !url.startsWith(`${origin()}/`) && !url.startsWith('blob:'))
    assert.deepEqual(elsewhere, [])
    assert.ok(requests.length > 20)
    assert.deepEqual(faults, [])
})
