import { read, show as amount } from '../amounts.js'
import { ask, newId } from '../api.js'
import { acting, button, field, form, h, notice, select, table, time } from '../dom.js'
import { all, page } from '../lists.js'

export const title = 'Payments'

const again = () => dispatchEvent(new Event('ilpd:show-again'))

async function cancel(payment) {
  await ask('mutation X($input: CancelPaymentInput!) { cancelPayment(input: $input) { payment { id } } }',
    { input: { id: payment.id, idempotencyKey: newId() } })
  notice('The payment is cancelled.')
  again()
}

export async function show(after = null) {
  const { nodes, after: next } = await page('payments', `id receiver status failure waitsFor sent delivered sendAmount
    createdAt endedAt receivingAccount { name asset { code scale } }`, { after: after || null })
  const accounts = (await all('receivingAccounts', 'id name enabled asset { code scale }')).filter(({ enabled }) => enabled)
  const pay = accounts.length > 0 && form([
    field('From', select('account', accounts.map(({ id, name, asset }) => [id, `${name} (${asset.code})`]))),
    field('To', { name: 'receiver', required: true }, 'a payment pointer, such as $example.com/alice'),
    field('Amount to send', { name: 'amount', inputmode: 'decimal', required: true })
  ], 'Pay', async (values, attempt) => {
    const account = accounts.find(({ id }) => id === values.account)
    const input = { id: attempt.id, receivingAccountId: account.id, receiver: values.receiver.trim(),
      sendAmount: read(values.amount, account.asset), idempotencyKey: attempt.key }
    await ask('mutation P($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } } }', { input })
    notice('The payment is begun.')
    again()
  })
  return h('div', {},
    h('h1', {}, title),
    table('Payments of this node', [
      { heading: 'Receiver', cell: ({ receiver }) => receiver },
      { heading: 'From', cell: ({ receivingAccount }) => receivingAccount?.name ?? 'a deleted account' },
      { heading: 'Sent', number: true, cell: (payment) =>
        (payment.receivingAccount ? amount(payment.sent, payment.receivingAccount.asset) : payment.sent) },
      { heading: 'State', cell: ({ status, failure, waitsFor }) => [
        h('span', { class: status === 'FAILED' ? 'fault' : status === 'COMPLETED' ? 'good' : null }, status.toLowerCase()),
        failure && `: ${failure}`, waitsFor && h('p', { class: 'hint' }, `It waits: ${waitsFor}`)] },
      { heading: 'Begun', cell: ({ createdAt }) => time(createdAt) },
      { heading: 'Ended', cell: (payment) => (payment.endedAt ? time(payment.endedAt)
        : button(`Cancel the payment to ${payment.receiver}`, acting(() => cancel(payment)))) }
    ], nodes, 'No payment has been made.'),
    next && h('p', {}, h('a', { href: `#/payments/${next}` }, 'Next page')),
    pay && [h('h2', {}, 'Pay'), pay])
}
