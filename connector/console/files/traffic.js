// Looks at the peers' counters every two seconds and keeps what they say for two minutes.
import { ask } from './api.js'

const LOOKS = 60
export const INTERVAL_MS = 2000

const COUNTERS = `traffic { incoming { prepares fulfills rejects } outgoing { prepares } packetsInFlight
  refusals { reason code count } durations { seconds count } }`

/** The bound in seconds of the first bucket up to which there is this share of all packets; null: there were none. */
export function boundOf(durations, share) {
  const sum = durations.reduce((all, { count }) => all + count, 0)
  if (sum <= 0) return null
  let seen = 0
  for (const { seconds, count } of durations) {
    seen += count
    if (seen >= sum * share) return seconds ?? Infinity
  }
  return Infinity
}

/** What has happened between two looks, for each second. Counters that have become smaller began anew. */
export function ratesBetween(before, after, seconds) {
  const anew = !before || Number(after.incoming.prepares) < Number(before.incoming.prepares) ||
    Number(after.outgoing.prepares) < Number(before.outgoing.prepares)
  const start = anew ? null : before
  const rate = (pick) => (Number(pick(after)) - (start ? Number(pick(start)) : 0)) / seconds
  const refused = (traffic) => traffic.refusals.reduce((all, { count }) => all + Number(count), 0)
  const durations = after.durations.map(({ seconds: bound, count }, index) => ({
    seconds: bound,
    count: Number(count) - (start ? Number(start.durations[index]?.count ?? 0) : 0)
  }))
  return {
    received: rate((traffic) => traffic.incoming.prepares),
    fulfilled: rate((traffic) => traffic.incoming.fulfills),
    rejected: rate((traffic) => traffic.incoming.rejects),
    sent: rate((traffic) => traffic.outgoing.prepares),
    refused: rate(refused),
    inFlight: Number(after.packetsInFlight),
    median: boundOf(durations, 0.5),
    late: boundOf(durations, 0.99)
  }
}

/** Follows one peer. `seen(rates[], traffic)` is called after each look. */
export class TrafficOfPeer {
  rates = []
  #before = null
  #at = 0

  constructor(id) {
    this.id = id
  }

  async look() {
    const { peer } = await ask(`query Traffic($id: String!) { peer(id: $id) { ${COUNTERS} } }`, { id: this.id })
    const now = performance.now()
    if (!peer?.traffic) return null
    // After a time without looks, the plots begin anew.
    if (now - this.#at > 3 * INTERVAL_MS) {
      this.rates = []
      this.#before = null
    }
    if (this.#before) this.rates.push(ratesBetween(this.#before, peer.traffic, (now - this.#at) / 1000))
    if (this.rates.length > LOOKS) this.rates.shift()
    this.#before = peer.traffic
    this.#at = now
    return peer.traffic
  }
}

export function showRate(rate) {
  if (rate < 10) return `${Number(rate.toPrecision(2))}/s`
  return rate < 10_000 ? `${Math.round(rate)}/s` : `${Math.round(rate / 1000)}k/s`
}

export function showBound(seconds) {
  if (seconds === null) return '-'
  if (seconds === Infinity) return '>30 s'
  return seconds < 1 ? `${Number((seconds * 1000).toPrecision(3))} ms` : `${seconds} s`
}
