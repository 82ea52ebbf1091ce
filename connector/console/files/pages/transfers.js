import { show as amount } from '../amounts.js'
import { ask } from '../api.js'
import { acting, button, h, notice, table, time } from '../dom.js'
import { page } from '../lists.js'

export const title = 'Transfers'

const SELECTION = `id transferType isCorrection state amount exactAmount packets sumOfDay debitAccountName creditAccountName incoming createdAt`
const CSV_MAX = 100_000

const pageOf = (id, after, first) => page('accountTransfers', SELECTION,
  { args: ', id: $id', declared: ', $id: String!', variables: { id }, after, first })

/** Null if there is nothing with this id. */
async function find(kind, id, selection) {
  try {
    return (await ask(`query Find($id: String!) { ${kind}(id: $id) { ${selection} } }`, { id }))[kind]
  } catch (error) {
    if (error.code === 'NOT_FOUND') return null
    throw error
  }
}

async function ownerOf(id) {
  const peer = await find('peer', id, 'name staticIlpAddress asset { code scale }')
  const receivingAccount = await find('receivingAccount', id, 'name asset { code scale }')
  const asset = await find('asset', id, 'code scale')
  if (peer) return { name: peer.name ?? peer.staticIlpAddress, asset: peer.asset }
  if (receivingAccount) return { name: receivingAccount.name, asset: receivingAccount.asset }
  return asset && { name: `${asset.code}/${asset.scale}`, asset }
}

/** A field that begins like a formula would be run by a spreadsheet. */
function csvField(text) {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

export const csvOf = (rows) => rows.map((row) => row.map((each) => csvField(String(each ?? ''))).join(',')).join('\r\n') + '\r\n'

const typeOf = ({ transferType, isCorrection }) => (isCorrection ? 'correction' : transferType.toLowerCase())

async function exportAll(id, owner) {
  const rows = [['id', 'time', 'type', 'state', 'from', 'to', 'incoming', 'amount', 'asset', 'packets', 'sum of day']]
  let after = null
  do {
    const next = await pageOf(id, after, 100)
    for (const each of next.nodes) {
      rows.push([each.id, each.createdAt, typeOf(each), each.state, each.debitAccountName, each.creditAccountName,
        each.incoming, amount(each.exactAmount, owner.asset).split(' ')[0], owner.asset.code, each.packets, each.sumOfDay])
    }
    after = next.after
  } while (after !== null && rows.length <= CSV_MAX)
  const link = h('a', { href: URL.createObjectURL(new Blob([csvOf(rows)], { type: 'text/csv' })), download: `transfers-${owner.name}.csv` })
  link.click()
  URL.revokeObjectURL(link.href)
  notice(after === null ? `${rows.length - 1} transfers are exported.`
    : `The first ${CSV_MAX} transfers are exported; ilpd --export-history exports all of them.`)
}

export async function show(id, after = null) {
  const owner = await ownerOf(id)
  if (!owner) return h('div', {}, h('h1', {}, title), h('p', {}, 'There is no such account.'))
  const { nodes, after: next } = await pageOf(id, after || null, 50)
  return h('div', {},
    h('h1', {}, `Transfers of ${owner.name}`),
    h('p', { class: 'actions' }, button('Export as CSV', acting(() => exportAll(id, owner)))),
    table('Transfers', [
      { heading: 'Time', cell: ({ createdAt }) => time(createdAt) },
      { heading: 'Type', cell: (transfer) => [typeOf(transfer), transfer.sumOfDay && ` of ${transfer.sumOfDay}`] },
      { heading: 'From', cell: ({ debitAccountName }) => debitAccountName ?? '-' },
      { heading: 'To', cell: ({ creditAccountName }) => creditAccountName ?? '-' },
      { heading: 'Amount', number: true, cell: ({ exactAmount, incoming }) => `${incoming ? '+' : '−'}${amount(exactAmount, owner.asset)}` },
      { heading: 'Packets', number: true, cell: ({ packets }) => (packets === '0' ? '-' : packets) },
      { heading: 'State', cell: ({ state }) => state.toLowerCase() }
    ], nodes, 'There is no transfer yet.'),
    next && h('p', {}, h('a', { href: `#/transfers/${id}/${next}` }, 'Next page')))
}
