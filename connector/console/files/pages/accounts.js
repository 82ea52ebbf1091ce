import { read, show as amount } from '../amounts.js'
import { ask, newId } from '../api.js'
import { acting, button, field, form, h, notice, select, table } from '../dom.js'
import { all, page } from '../lists.js'

export const title = 'Accounts'

const again = () => dispatchEvent(new Event('ilpd:show-again'))

async function setEnabled(account, enabled) {
  await ask(`mutation U($input: UpdateReceivingAccountInput!) { updateReceivingAccount(input: $input) { receivingAccount {
    id } } }`, { input: { id: account.id, enabled, idempotencyKey: newId() } })
  notice(`${account.name} is ${enabled ? 'enabled' : 'disabled'}.`)
  again()
}

export async function show(after = null) {
  const { nodes, after: next } = await page('receivingAccounts',
    'id name publicName paymentPointer asset { code scale } liquidity enabled origin', { after: after || null })
  const assets = await all('assets', 'id code scale')
  const add = assets.length > 0 && form([
    field('Name', { name: 'name', required: true }, 'lower-case letters, digits, ".", "_" and "-"; part of the payment pointer'),
    field('Name of its owner', { name: 'publicName' }),
    field('Asset', select('asset', assets.map(({ id, code, scale }) => [id, `${code}/${scale}`])))
  ], 'Add the account', async (values, attempt) => {
    const input = { assetId: values.asset, name: values.name.trim(), publicName: values.publicName.trim() || null, idempotencyKey: attempt.key }
    await ask(`mutation C($input: CreateReceivingAccountInput!) { createReceivingAccount(input: $input) { receivingAccount {
      id } } }`, { input })
    notice(`${input.name} is added.`)
    again()
  })
  const deposit = nodes.length > 0 && form([
    field('Account', select('account', nodes.map(({ id, name }) => [id, name]))),
    field('Amount', { name: 'amount', inputmode: 'decimal', required: true })
  ], 'Deposit', async (values, attempt) => {
    const account = nodes.find(({ id }) => id === values.account)
    const input = { receivingAccountId: account.id, amount: read(values.amount, account.asset), id: attempt.id, idempotencyKey: attempt.key }
    await ask(`mutation D($input: DepositReceivingAccountLiquidityInput!) { depositReceivingAccountLiquidity(input: $input) {
      success } }`, { input })
    notice(`${amount(input.amount, account.asset)} deposited on ${account.name}.`)
    again()
  }, { class: 'row' })
  return h('div', {},
    h('h1', {}, 'Receiving accounts'),
    table('Receiving accounts', [
      { heading: 'Name', cell: ({ name }) => name },
      { heading: 'Owner', cell: ({ publicName }) => publicName ?? '-' },
      { heading: 'Payment pointer', cell: ({ paymentPointer }) => paymentPointer ?? '-' },
      { heading: 'Balance', number: true, cell: (account) => amount(account.liquidity, account.asset) },
      { heading: 'State', cell: ({ enabled }) => (enabled ? 'enabled' : h('strong', { class: 'warning' }, 'disabled')) },
      { heading: 'Actions', cell: (account) => [
        h('a', { href: `#/transfers/${account.id}` }, `Transfers of ${account.name}`), ' ',
        button(`${account.enabled ? 'Disable' : 'Enable'} ${account.name}`, acting(() => setEnabled(account, !account.enabled)))] }
    ], nodes, 'There is no receiving account yet.'),
    next && h('p', {}, h('a', { href: `#/accounts/${next}` }, 'Next page')),
    deposit && [h('h2', {}, 'Deposit'), deposit],
    add && [h('h2', {}, 'Add an account'), add])
}
