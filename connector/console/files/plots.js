// Small plots, drawn as SVG.
import { h, svg } from './dom.js'

const WIDTH = 120
const HEIGHT = 32

/** A line of the last values; the newest is at the right. `text` says what a reader of the picture would say. */
export function plot(title, values, format) {
  const top = Math.max(...values, 0) || 1
  const step = WIDTH / Math.max(values.length - 1, 1)
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`)
  const latest = values.length > 0 ? format(values.at(-1)) : '-'
  const most = values.length > 0 ? format(Math.max(...values)) : '-'
  return h('figure', {},
    h('figcaption', {}, h('span', {}, title), h('strong', {}, latest)),
    svg('svg', { class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img',
      'aria-label': `${title}: now ${latest}, at most ${most}` }, svg('polyline', { points: points.join(' ') })),
    h('p', { class: 'hint' }, `at most ${most} in the last ${values.length * 2} s`))
}

/** Liquidity beside its threshold: the bar ends at four times the threshold, or at the amount if that is more. */
export function liquidityBar(amount, threshold) {
  if (amount === null || threshold === null || threshold === '0') return null
  const [has, low] = [BigInt(amount), BigInt(threshold)]
  const whole = has > low * 4n ? has : low * 4n
  const share = (part) => Number((part * 1000n) / whole)
  return svg('svg', { class: 'bar', viewBox: '0 0 1000 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'ground', width: 1000, height: 10 }),
    svg('rect', { class: has <= low ? 'low' : 'share', width: Math.max(share(has), 2), height: 10 }),
    svg('rect', { class: 'mark', x: share(low), width: 4, height: 10 }))
}
