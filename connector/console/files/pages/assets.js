import { read, readOptional, show as amount } from '../amounts.js'
import { ask, newId } from '../api.js'
import { field, form, h, notice, select, table } from '../dom.js'
import { all } from '../lists.js'
import { liquidityCell } from './overview.js'

export const title = 'Assets'

const again = () => dispatchEvent(new Event('ilpd:show-again'))

export async function show() {
  const assets = await all('assets', 'id code scale liquidity liquidityThreshold withdrawalThreshold origin')
  const add = form([
    field('Code', { name: 'code', required: true }, 'such as USD'),
    field('Scale', { name: 'scale', type: 'number', min: 0, max: 255, required: true },
      'The smallest unit is 10 to the power of minus this: 9 for nano-dollars'),
    field('Threshold', { name: 'threshold', inputmode: 'decimal' }, 'An event is raised at this liquidity. Empty: none')
  ], 'Add the asset', async ({ code, scale, threshold }, attempt) => {
    const asset = { code: code.trim(), scale: Number(scale) }
    if (!/^\d{1,3}$/.test(scale)) throw new Error('The scale is a whole number from 0 to 255')
    const input = { ...asset, liquidityThreshold: readOptional(threshold, asset), idempotencyKey: attempt.key }
    await ask('mutation C($input: CreateAssetInput!) { createAsset(input: $input) { asset { id } } }', { input })
    notice(`${asset.code}/${asset.scale} is added.`)
    again()
  })
  const deposit = assets.length > 0 && form([
    field('Asset', select('asset', assets.map(({ id, code, scale }) => [id, `${code}/${scale}`]))),
    field('Amount', { name: 'amount', inputmode: 'decimal', required: true })
  ], 'Deposit', async (values, attempt) => {
    const asset = assets.find(({ id }) => id === values.asset)
    const input = { assetId: asset.id, amount: read(values.amount, asset), id: attempt.id, idempotencyKey: attempt.key }
    await ask('mutation D($input: DepositAssetLiquidityInput!) { depositAssetLiquidity(input: $input) { success } }', { input })
    notice(`${amount(input.amount, asset)} deposited.`)
    again()
  }, { class: 'row' })
  return h('div', {},
    h('h1', {}, title),
    table(title, [
      { heading: 'Asset', cell: ({ code, scale }) => `${code}/${scale}` },
      { heading: 'Liquidity', cell: (asset) => liquidityCell(asset, asset) },
      { heading: 'Threshold', number: true, cell: (asset) => amount(asset.liquidityThreshold, asset) },
      { heading: 'Smallest withdrawal', number: true, cell: (asset) => amount(asset.withdrawalThreshold, asset) },
      { heading: 'Defined in', cell: ({ origin }) => (origin === 'FILE' ? 'the file' : 'the store') },
      { heading: 'History', cell: (asset) => h('a', { href: `#/transfers/${asset.id}` }, `Transfers of ${asset.code}/${asset.scale}`) }
    ], assets, 'There is no asset yet.'),
    deposit && [h('h2', {}, 'Deposit liquidity'),
      h('p', {}, 'Packets from a peer in one asset to a peer in another are paid from the liquidity of the second asset.'), deposit],
    h('h2', {}, 'Add an asset'), add)
}
