// Chooses the page by the part of the address after the '#', and asks for the secret when the daemon wants signatures.
import { ApiError, ask, canSign, forgetSecret, isSigning, useSecret } from './api.js'
import { field, form, h, trouble } from './dom.js'
import * as accounts from './pages/accounts.js'
import * as assets from './pages/assets.js'
import * as cluster from './pages/cluster.js'
import * as events from './pages/events.js'
import * as newPeer from './pages/new_peer.js'
import * as overview from './pages/overview.js'
import * as payments from './pages/payments.js'
import * as peer from './pages/peer.js'
import * as peers from './pages/peers.js'
import * as routes from './pages/routes.js'
import * as transfers from './pages/transfers.js'

// A page is a module with a title and show(part of the address...), which returns its content, or {content, stop}.
const pages = { '': overview, peers, peer, 'new-peer': newPeer, assets, accounts, payments, routes, transfers, events, cluster }
const listed = [['', overview], ['peers', peers], ['assets', assets], ['accounts', accounts], ['payments', payments],
  ['routes', routes], ['events', events], ['cluster', cluster]]

const main = document.getElementById('main')
const lock = document.getElementById('lock')
let stopPage = () => {}
let shows = 0

function showNavigation(current) {
  document.getElementById('pages').replaceChildren(h('ul', {}, listed.map(([name, page]) =>
    h('li', {}, h('a', { href: `#/${name}`, 'aria-current': name === current ? 'page' : null }, page.title)))))
}

async function showNode() {
  const { node } = await ask('{ node { ilpAddress version } }')
  document.getElementById('node').textContent = `${node.ilpAddress} · ${node.version}`
  document.title = `${node.ilpAddress} · ilpd`
}

function askForSecret(reason) {
  lock.hidden = true
  document.getElementById('node').textContent = ''
  if (!canSign()) {
    main.replaceChildren(h('h1', {}, 'This daemon wants signed requests'),
      h('p', {}, 'A browser signs them only on a page that came over https:// or from localhost. Give admin.listen a ' +
        'certificate (admin.certificate_file), or use an SSH tunnel: ssh -L 3001:127.0.0.1:3001 HOST, and then ' +
        'http://localhost:3001/.'))
    return
  }
  main.replaceChildren(h('h1', {}, 'Sign in'), form([
    reason && h('p', { class: 'fault' }, reason),
    field('Admin secret', { name: 'secret', type: 'password', required: true, autocomplete: 'one-time-code' },
      'The value of admin.api_secret. It stays in this tab and is forgotten when the tab is reloaded or closed.'),
    field('Tenant', { name: 'tenant', value: '00000000-0000-4000-8000-000000000001' },
      'The value of admin.tenant_id. Leave it as it is unless that is set.')
  ], 'Sign in', async ({ secret, tenant }) => {
    if (secret === '') throw new Error('Enter the secret')
    useSecret(secret, tenant)
    await show()
  }))
  main.querySelector('input').focus()
}

async function show() {
  if (location.hash === '#main') return main.focus()
  const [name, ...parts] = location.hash.replace(/^#\/?/, '').split('/')
  const page = Object.hasOwn(pages, name) ? pages[name] : overview
  const turn = ++shows
  stopPage()
  stopPage = () => {}
  trouble(null)
  showNavigation(name)
  main.setAttribute('aria-busy', 'true')
  try {
    await showNode()
    const shown = await page.show(...parts.map(decodeURIComponent))
    if (turn !== shows) return shown.stop?.()
    main.replaceChildren(shown.content ?? shown)
    stopPage = shown.stop ?? stopPage
    lock.hidden = !isSigning()
    main.focus({ preventScroll: false })
  } catch (error) {
    if (turn !== shows) return
    if (error instanceof ApiError && error.code === 'UNAUTHENTICATED') {
      const reason = isSigning() ? 'The daemon does not accept this secret or tenant, or the clocks differ by more than 30 s.' : null
      forgetSecret()
      askForSecret(reason)
    } else {
      main.replaceChildren(h('h1', {}, page.title))
      trouble(error.message)
    }
  } finally {
    if (turn === shows) main.removeAttribute('aria-busy')
  }
}

lock.addEventListener('click', () => {
  forgetSecret()
  location.hash = '#/'
  show()
})
addEventListener('hashchange', show)
addEventListener('ilpd:show-again', show)
show()
