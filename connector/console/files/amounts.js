// Amounts are whole numbers of an asset's smallest unit, as the API has them: never floating point.

/** Shows a string of digits in units of the asset: ('12500000000', {code: 'USD', scale: 9}) is '12.50 USD'. */
export function show(digits, asset) {
  if (digits === null || digits === undefined) return '-'
  const scale = asset.scale
  const padded = String(digits).padStart(scale + 1, '0')
  const whole = padded.slice(0, padded.length - scale)
  let fraction = scale === 0 ? '' : padded.slice(-scale).replace(/0+$/, '')
  fraction = fraction.padEnd(Math.min(scale, 2), '0')
  return `${whole}${fraction && `.${fraction}`} ${asset.code}`
}

/** Reads what a person has typed, such as '12.5', as digits of the smallest unit. Throws an Error that says what is wrong. */
export function read(text, asset) {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text.trim())
  if (!match) throw new Error(`"${text}" is not an amount such as 12.50`)
  const fraction = (match[2] ?? '').replace(/0+$/, '')
  if (fraction.length > asset.scale) throw new Error(`${asset.code} has at most ${asset.scale} decimal places here`)
  const amount = BigInt(match[1] + fraction.padEnd(asset.scale, '0'))
  if (amount >= 2n ** 64n) throw new Error('the amount is too large')
  return amount.toString()
}

/** The same, but an empty text is null. */
export const readOptional = (text, asset) => (text.trim() === '' ? null : read(text, asset))
