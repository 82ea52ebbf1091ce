import { read, readOptional } from '../amounts.js'
import { ask, newId, newToken } from '../api.js'
import { field, form, h, notice, select } from '../dom.js'
import { all } from '../lists.js'

export const title = 'Add a peer'

function letter({ node, asset, token, endpoint }) {
  return [
    'Here is what you need to add us as a peer:',
    '',
    `  Our ILP address:                     ${node.ilpAddress}`,
    `  Asset of the account between us:     ${asset.code}, scale ${asset.scale}`,
    `  Send packets to us at:               ${endpoint || '(the URL of our packet endpoint)'}`,
    `  Token that you present to us:        ${token}`,
    '',
    `When you have added us, try \`ilpctl ping ${node.ilpAddress}\`.`
  ].join('\n')
}

export async function show() {
  const { node } = await ask('{ node { ilpAddress } }')
  const assets = await all('assets', 'id code scale')
  if (assets.length === 0) {
    return h('div', {}, h('h1', {}, title),
      h('p', {}, 'The account with a peer is kept in an asset: ', h('a', { href: '#/assets' }, 'add one first'), '.'))
  }
  const content = h('div', {})
  const intro = h('p', {}, 'Agree with the other operator on the asset of the account between you, and get from them ' +
    'their ILP address, the URL at which they accept packets, and a token that you present to them. This page makes the ' +
    'token for the other direction, and ends with what to send to them.')
  const asking = form([
    h('fieldset', {}, h('legend', {}, 'What they have told you'),
      field('Their ILP address', { name: 'address', required: true }, 'such as g.bob'),
      field('Their endpoint', { name: 'endpoint', type: 'url', required: true }, 'such as https://bob.example:3002/'),
      field('Token that we present to them', { name: 'token', type: 'password', required: true }),
      field('Asset', select('asset', assets.map(({ id, code, scale }) => [id, `${code}/${scale}`])))),
    h('fieldset', {}, h('legend', {}, 'What you decide'),
      field('Name', { name: 'name', required: true }, 'for you and for the metrics'),
      field('Largest packet', { name: 'maxPacketAmount', inputmode: 'decimal' }, 'Empty: no maximum'),
      field('What they can send before they pay more', { name: 'initial', inputmode: 'decimal' },
        'The deposit: what they have paid, or the credit that you give. Empty: nothing yet'),
      field('Threshold', { name: 'threshold', inputmode: 'decimal' }, 'An event is raised at this liquidity. Empty: none'),
      field('Our endpoint, as they see it', { name: 'own', type: 'url' }, 'only for the text at the end'))
  ], 'Add the peer', async (values, attempt) => {
    const asset = assets.find(({ id }) => id === values.asset)
    const { token } = attempt
    const input = {
      assetId: asset.id, staticIlpAddress: values.address.trim(), name: values.name.trim() || null,
      http: { outgoing: { endpoint: values.endpoint.trim(), authToken: values.token }, incoming: { authTokens: [token] } },
      maxPacketAmount: readOptional(values.maxPacketAmount, asset), liquidityThreshold: readOptional(values.threshold, asset),
      initialLiquidity: values.initial.trim() === '' ? null : read(values.initial, asset), idempotencyKey: attempt.key
    }
    const { createPeer } = await ask('mutation C($input: CreatePeerInput!) { createPeer(input: $input) { peer { id } } }', { input })
    const text = letter({ node, asset, token, endpoint: values.own.trim() })
    content.replaceChildren(h('h1', { tabindex: -1 }, 'The peer is added'),
      h('p', {}, 'Send this to the other operator, over a channel that nobody else reads. The token is shown only here.'),
      h('pre', { tabindex: 0, role: 'region', 'aria-label': 'What to send to the other operator' }, text),
      h('p', {}, h('a', { href: `#/peer/${createPeer.peer.id}` }, 'Go to the peer'),
        ', and examine the link when they have added us.'))
    content.querySelector('h1').focus()
    notice('The peer is added.')
  })
  content.append(h('h1', {}, title), intro, asking)
  return content
}
