import { show as amount } from '../amounts.js'
import { ask } from '../api.js'
import { h, table, terms, time } from '../dom.js'
import { all } from '../lists.js'
import { liquidityBar } from '../plots.js'

export const title = 'Overview'

const isLow = ({ liquidity, liquidityThreshold }) =>
  liquidityThreshold !== null && BigInt(liquidity) <= BigInt(liquidityThreshold)

export const liquidityCell = (owner, asset) => [
  amount(owner.liquidity, asset), isLow(owner) && h('strong', { class: 'fault' }, ' low'),
  liquidityBar(owner.liquidity, owner.liquidityThreshold)]

export async function show() {
  const { node } = await ask(`{ node { ilpAddress version startedAt ready storeError peers assets receivingAccounts
    routes pendingWithdrawals spspListener unreachablePeerCount unreachablePeers { id name staticIlpAddress
    reachability { state since lastError } } } }`)
  const assets = await all('assets', 'id code scale liquidity liquidityThreshold')
  const peers = await all('peers', 'id name staticIlpAddress asset { code scale } liquidity liquidityThreshold')
  const low = peers.filter(isLow)
  return h('div', {},
    h('h1', {}, node.ilpAddress),
    terms([
      ['State', node.ready ? h('span', { class: 'good' }, 'accepts packets')
        : h('strong', { class: 'fault' }, node.storeError ?? 'accepts no packets')],
      ['Version', node.version],
      ['Started', time(node.startedAt)],
      ['Peers', h('a', { href: '#/peers' }, node.peers)],
      ['Receiving accounts', h('a', { href: '#/accounts' }, node.receivingAccounts)],
      ['Routes', h('a', { href: '#/routes' }, node.routes)],
      ['Withdrawals to be posted', node.pendingWithdrawals],
      ['Payers ask at', node.spspListener ?? 'nowhere: spsp.enabled is false']
    ]),
    h('h2', {}, 'Peers that cannot be reached'),
    table('Peers that cannot be reached', [
      { heading: 'Peer', cell: (peer) => h('a', { href: `#/peer/${peer.id}` }, peer.name ?? peer.staticIlpAddress) },
      { heading: 'State', cell: ({ reachability }) => reachability.state.toLowerCase() },
      { heading: 'Since', cell: ({ reachability }) => time(reachability.since) },
      { heading: 'Why', cell: ({ reachability }) => reachability.lastError }
    ], node.unreachablePeers, 'All peers that packets were sent to can be reached.'),
    node.unreachablePeerCount > node.unreachablePeers.length &&
      h('p', {}, `and ${node.unreachablePeerCount - node.unreachablePeers.length} more`),
    h('h2', {}, 'Peers with little liquidity'),
    peers.length < node.peers && h('p', { class: 'warning' }, `Only the latest ${peers.length} peers were looked at.`),
    table('Peers with little liquidity', [
      { heading: 'Peer', cell: (peer) => h('a', { href: `#/peer/${peer.id}` }, peer.name ?? peer.staticIlpAddress) },
      { heading: 'Liquidity', cell: (peer) => liquidityCell(peer, peer.asset) },
      { heading: 'Threshold', number: true, cell: (peer) => amount(peer.liquidityThreshold, peer.asset) }
    ], low, 'No peer is at its threshold or below.'),
    h('h2', {}, 'Liquidity of assets'),
    table('Liquidity of assets', [
      { heading: 'Asset', cell: ({ code, scale }) => `${code}/${scale}` },
      { heading: 'Liquidity', cell: (asset) => liquidityCell(asset, asset) },
      { heading: 'Threshold', number: true, cell: (asset) => amount(asset.liquidityThreshold, asset) }
    ], assets, 'There is no asset yet.'))
}
