import { h, table } from '../dom.js'
import { page } from '../lists.js'
import { liquidityCell } from './overview.js'

export const title = 'Peers'

const SELECTION = `id name staticIlpAddress enabled origin asset { code scale } liquidity liquidityThreshold
  reachability { state }`

const classes = { REACHABLE: 'good', UNREACHABLE: 'fault', REFUSING: 'fault', UNKNOWN: 'quiet' }

export async function show(after = null) {
  const { nodes, after: next } = await page('peers', SELECTION, { after: after || null })
  return h('div', {},
    h('h1', {}, title),
    h('p', { class: 'actions' }, h('a', { href: '#/new-peer' }, 'Add a peer')),
    table(title, [
      { heading: 'Name', cell: (peer) => h('a', { href: `#/peer/${peer.id}` }, peer.name ?? peer.id) },
      { heading: 'ILP address', cell: (peer) => peer.staticIlpAddress },
      { heading: 'Liquidity', cell: (peer) => liquidityCell(peer, peer.asset) },
      { heading: 'State', cell: (peer) => (peer.enabled ? 'enabled' : h('strong', { class: 'warning' }, 'disabled')) },
      { heading: 'Reachability', cell: ({ reachability: { state } }) =>
        h('span', { class: classes[state] }, state.toLowerCase()) },
      { heading: 'Defined in', cell: (peer) => (peer.origin === 'FILE' ? 'the file' : 'the store') }
    ], nodes, 'There is no peer yet.'),
    next && h('p', {}, h('a', { href: `#/peers/${next}` }, 'Next page')))
}
