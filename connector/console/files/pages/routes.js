import { ask } from '../api.js'
import { field, form, h, table } from '../dom.js'
import { page } from '../lists.js'

export const title = 'Routes'

const NEXT_HOP = 'prefix peer { id name staticIlpAddress enabled asset { code scale } }'

const columns = [
  { heading: 'Prefix', cell: ({ prefix }) => prefix || '(default)' },
  { heading: 'Next hop', cell: ({ peer }) => h('a', { href: `#/peer/${peer.id}` }, peer.name ?? peer.staticIlpAddress) },
  { heading: 'Its address', cell: ({ peer }) => peer.staticIlpAddress },
  { heading: 'Asset', cell: ({ peer }) => `${peer.asset.code}/${peer.asset.scale}` },
  { heading: 'State', cell: ({ peer }) => (peer.enabled ? 'enabled' : h('strong', { class: 'warning' }, 'disabled')) }
]

export async function show(after = null) {
  const { nodes, after: next } = await page('routes', NEXT_HOP, { after: after || null, first: 100 })
  const found = h('div', { role: 'status' })
  const look = form([field('ILP address', { name: 'address', required: true })], 'Look up', async ({ address }) => {
    const { route } = await ask(`query R($address: String!) { route(address: $address) { ${NEXT_HOP} } }`, { address: address.trim() })
    found.replaceChildren(table('The route of this address', columns, route ? [route] : [], 'No route leads to this address.'))
  }, { class: 'row' })
  return h('div', {}, h('h1', {}, title), look, found, h('h2', {}, 'All routes'),
    table('All routes', columns, nodes, 'There is no route yet.'),
    next && h('p', {}, h('a', { href: `#/routes/${next}` }, 'Next page')))
}
