import { ask } from '../api.js'
import { h, table, terms, time } from '../dom.js'

export const title = 'Cluster'

const states = { ACTIVE: 'active', OVERDUE: 'lease ended', FREE: 'nobody' }

const left = (seconds) => (seconds === null ? '-' : seconds > 0 ? `${Math.floor(seconds)} s` : 'ended')

export async function show() {
  const { cluster, node } = await ask(`{ cluster { isShared host activeSince hasTakenOver epoch leaseSeconds daemons {
    slot state isSelf host instance epoch lastCommit leaseUntil leaseSeconds } } node { ready storeError } }`)
  const { isShared, daemons } = cluster
  return h('div', {},
    h('h1', {}, title),
    h('p', {}, isShared
      ? 'Daemons that are configured as standbys of this one wait until it is stopped or its lease has ended. They are not ' +
        'listed here before that: their metrics say that they wait.'
      : 'The store of this daemon is not a PostgreSQL database, so no other daemon can take over.'),
    terms([
      ['This daemon', cluster.host],
      ['State', node.ready ? h('span', { class: 'good' }, 'accepts packets')
        : h('strong', { class: 'fault' }, node.storeError ?? 'accepts no packets')],
      ['Active since', time(cluster.activeSince)],
      isShared && ['Took over from another daemon', cluster.hasTakenOver ? 'yes' : 'no'],
      isShared && ['Epoch', cluster.epoch],
      isShared && ['Left of the lease', left(cluster.leaseSeconds)]
    ]),
    h('h2', {}, 'Daemons'),
    daemons === null ? h('p', { class: 'warning' }, 'The store cannot be read now.')
      : table('Daemons', [
        { heading: 'Slot', cell: ({ slot }) => slot },
        { heading: 'State', cell: ({ state }) => states[state] ?? state },
        { heading: 'Host', cell: ({ host, isSelf }) => [host ?? '-', isSelf && ' (this daemon)'] },
        { heading: 'Epoch', number: true, cell: ({ epoch }) => epoch ?? '-' },
        { heading: 'Last commit', number: true, cell: ({ lastCommit }) => lastCommit ?? '-' },
        { heading: 'Left of the lease', number: true, cell: ({ leaseSeconds }) => left(leaseSeconds) },
        { heading: 'Instance', cell: ({ instance }) => instance ?? '-' }
      ], daemons, 'No daemon has registered.'))
}
