import { read, readOptional, show as amount } from '../amounts.js'
import { ask, newId } from '../api.js'
import { acting, button, field, form, h, notice, table, terms, time } from '../dom.js'
import { liquidityBar, plot } from '../plots.js'
import { INTERVAL_MS, TrafficOfPeer, showBound, showRate } from '../traffic.js'

export const title = 'Peer'

const PEER = `id name staticIlpAddress asset { id code scale } enabled origin liquidity liquidityThreshold maxPacketAmount
  maxInFlightAmount maxHoldMilliseconds split { maxTotal maxParts } splitAccepted { maxTotal maxParts } routes createdAt
  http { outgoing { endpoint jwtSubject } incoming { tokenFingerprints jwtSecretFingerprints } }
  transport { clientKeys allowPlainHttp protocol mode }
  reachability { state since lastAnswerAt lastError lastErrorAt roundTripMs }`

const again = () => dispatchEvent(new Event('ilpd:show-again'))

/** Null if there is no such peer. */
async function fetchPeer(id) {
  try {
    return (await ask(`query Peer($id: String!) { peer(id: $id) { ${PEER} } }`, { id })).peer
  } catch (error) {
    if (error.code === 'NOT_FOUND') return null
    throw error
  }
}

// The page is shown again after each change, and goes on with the plots.
let traffic = new TrafficOfPeer(null)

function liveSection(peer) {
  const plots = h('div', { class: 'plots' }, h('p', { class: 'quiet' }, 'The plots begin with the second look.'))
  const refusals = h('div', {})
  if (traffic.id !== peer.id) traffic = new TrafficOfPeer(peer.id)
  let timer = null
  let hasEnded = false
  const look = async () => {
    if (!document.hidden) {
      const seen = await traffic.look().catch(() => null)
      if (hasEnded) return
      if (seen && traffic.rates.length > 0) {
        const of = (name) => traffic.rates.map((rates) => rates[name])
        const bounds = (name) => of(name).map((seconds) => (seconds === Infinity ? 30 : seconds ?? 0))
        plots.replaceChildren(
          plot('Packets from it', of('received'), showRate), plot('Packets to it', of('sent'), showRate),
          plot('Rejected', of('rejected'), showRate), plot('Refused here', of('refused'), showRate),
          plot('Answered within, 99 of 100', bounds('late'), showBound), plot('In flight', of('inFlight'), String))
      }
      if (seen) {
        refusals.replaceChildren(h('h3', {}, 'Refused by this node'), table('Packets from it that this node has refused', [
          { heading: 'Reason', cell: ({ reason }) => reason }, { heading: 'Code', cell: ({ code }) => code },
          { heading: 'Since the start', number: true, cell: ({ count }) => count }
        ], seen.refusals, 'This node has refused none of its packets.'))
      }
    }
    timer = setTimeout(look, INTERVAL_MS)
  }
  look()
  return { content: h('section', {}, h('h2', {}, 'Traffic'), plots, refusals), stop: () => { hasEnded = true; clearTimeout(timer) } }
}

function examination(peer) {
  const result = h('div', { role: 'status' })
  const examine = acting(async () => {
    result.replaceChildren(h('p', {}, 'Asking the peer …'))
    const { examinePeer: found } = await ask(`mutation Examine($input: ExaminePeerInput!) { examinePeer(input: $input) {
      question { reached milliseconds code message } configuration { ilpAddress assetCode assetScale }
      echo { reached code message } } }`, { input: { id: peer.id } }).catch((error) => {
      result.replaceChildren()
      throw error
    })
    const { node } = await ask('{ node { ilpAddress } }')
    const reason = ({ message, code }) => `${message ?? 'no reason was given'}${code ? ` (${code})` : ''}`
    const answered = found.question.reached || found.question.code !== null
    const told = found.configuration
    const unit = told && `${told.assetCode}/${told.assetScale}`
    const ours = `${peer.asset.code}/${peer.asset.scale}`
    const line = (good, text) => h('li', { class: good ? 'good' : 'fault' }, text)
    result.replaceChildren(h('ul', {},
      line(answered, answered ? `It answers in ${found.question.milliseconds.toFixed(1)} ms and takes our token.`
        : `It does not answer: ${reason(found.question)}`),
      told && line(unit === ours, unit === ours ? `Both sides keep the account in ${ours}.`
        : `It keeps our account in ${unit}, and we keep its account in ${ours}.`),
      told && line(told.ilpAddress === node.ilpAddress, `It knows us as ${told.ilpAddress}.`),
      answered && !told && h('li', {}, `It does not say which address and asset we have there: ${reason(found.question)}`),
      found.echo && (found.echo.reached ? line(true, 'A packet that it sent for us has arrived here.')
        : h('li', { class: 'warning' }, `No echo came back: ${reason(found.echo)}`))),
      h('p', { class: 'hint' }, `ilpctl doctor ${peer.id} says more, and what to do.`))
  })
  return h('section', {}, h('h2', {}, 'Examination'),
    h('p', {}, 'Sends two packets of amount 0, and shows what the peer knows about us.'),
    h('p', { class: 'actions' }, button('Examine the link', examine)), result)
}

function liquidity(peer) {
  const unit = `in ${peer.asset.code}`
  const deposit = form([field('Deposit', { name: 'amount', inputmode: 'decimal', required: true }, unit)], 'Deposit',
    async (values, attempt) => {
      const input = { peerId: peer.id, amount: read(values.amount, peer.asset), id: attempt.id, idempotencyKey: attempt.key }
      await ask('mutation D($input: DepositPeerLiquidityInput!) { depositPeerLiquidity(input: $input) { success } }', { input })
      notice(`${amount(input.amount, peer.asset)} deposited.`)
      again()
    }, { class: 'row' })
  const withdraw = form([field('Withdraw', { name: 'amount', inputmode: 'decimal', required: true }, unit)],
    'Withdraw at once', async (values, attempt) => {
      const input = { peerId: peer.id, amount: read(values.amount, peer.asset), id: attempt.id, idempotencyKey: attempt.key, timeoutSeconds: '0' }
      await ask(`mutation W($input: CreatePeerLiquidityWithdrawalInput!) { createPeerLiquidityWithdrawal(input: $input) {
        success } }`, { input })
      notice(`${amount(input.amount, peer.asset)} withdrawn.`)
      again()
    }, { class: 'row' })
  return h('section', {}, h('h2', {}, 'Liquidity'),
    h('p', {}, amount(peer.liquidity, peer.asset),
      peer.liquidityThreshold !== null && ` (threshold ${amount(peer.liquidityThreshold, peer.asset)})`),
    liquidityBar(peer.liquidity, peer.liquidityThreshold), h('div', { class: 'actions' }, deposit, withdraw),
    h('p', {}, h('a', { href: `#/transfers/${peer.id}` }, 'Transfers')))
}

function editing(peer) {
  if (peer.origin === 'FILE') {
    return h('p', { class: 'quiet' }, 'Its terms are in the configuration file: change them there, and reload the daemon.')
  }
  // The threshold is part of each update, because one that is absent would be cleared.
  return h('details', {}, h('summary', {}, 'Change its terms'), form([
    field('Name', { name: 'name', value: peer.name ?? '' }),
    field('ILP address', { name: 'address', value: peer.staticIlpAddress, required: true }),
    field('Endpoint', { name: 'endpoint', value: peer.http.outgoing.endpoint, type: 'url', required: true }),
    peer.http.outgoing.jwtSubject === null && field('Token that we present', { name: 'token', type: 'password' },
      'Empty: it stays. Needed if the endpoint changes and requests are not signed.'),
    field('Another token that the peer may present', { name: 'incoming', type: 'password' }, 'Empty: none is added.'),
    field('Largest packet', { name: 'maxPacketAmount', inputmode: 'decimal',
      value: peer.maxPacketAmount === null ? '' : amount(peer.maxPacketAmount, peer.asset).split(' ')[0] }, 'Empty: no maximum'),
    field('Threshold', { name: 'threshold', inputmode: 'decimal',
      value: peer.liquidityThreshold === null ? '' : amount(peer.liquidityThreshold, peer.asset).split(' ')[0] }, 'Empty: none')
  ], 'Save', async (values, attempt) => {
    const input = {
      id: peer.id, idempotencyKey: attempt.key, name: values.name || null, staticIlpAddress: values.address,
      maxPacketAmount: readOptional(values.maxPacketAmount, peer.asset),
      liquidityThreshold: readOptional(values.threshold, peer.asset)
    }
    if (values.token || values.endpoint !== peer.http.outgoing.endpoint) {
      input.http = { outgoing: { endpoint: values.endpoint, authToken: values.token ?? '' } }
      if (!values.token && peer.http.outgoing.jwtSubject === null) {
        const { peer: known } = await ask('query T($id: String!) { peer(id: $id) { http { outgoing { authToken } } } }', { id: peer.id })
        input.http.outgoing.authToken = known.http.outgoing.authToken
      }
    }
    if (values.incoming) input.addIncomingTokens = [values.incoming]
    await ask('mutation U($input: UpdatePeerInput!) { updatePeer(input: $input) { peer { id } } }', { input })
    notice('The terms are changed.')
    again()
  }))
}

export async function show(id) {
  const peer = await fetchPeer(id)
  if (!peer) return h('div', {}, h('h1', {}, title), h('p', {}, 'There is no such peer.'))
  const live = liveSection(peer)
  const { reachability } = peer
  const setEnabled = acting(async () => {
    await ask('mutation E($input: SetPeerEnabledInput!) { setPeerEnabled(input: $input) { peer { id } } }',
      { input: { id: peer.id, enabled: !peer.enabled, idempotencyKey: newId() } })
    notice(peer.enabled ? 'The peer is disabled.' : 'The peer is enabled.')
    again()
  })
  const content = h('div', {},
    h('h1', {}, peer.name ?? peer.staticIlpAddress),
    h('p', { class: 'actions' }, button(peer.enabled ? 'Disable' : 'Enable', setEnabled)),
    terms([
      ['State', peer.enabled ? 'enabled' : h('strong', { class: 'warning' }, 'disabled')],
      ['Reachability', [reachability.state.toLowerCase(), reachability.since && [' since ', time(reachability.since)]]],
      reachability.lastError && ['Last failure', [reachability.lastError, ', ', time(reachability.lastErrorAt)]],
      reachability.roundTripMs !== null && ['Round trip', `${reachability.roundTripMs.toFixed(1)} ms`],
      ['ILP address', peer.staticIlpAddress],
      ['Asset', `${peer.asset.code}/${peer.asset.scale}`],
      ['Endpoint', peer.http.outgoing.endpoint],
      ['Encrypted', peer.http.outgoing.endpoint.startsWith('https:') ? 'yes, with TLS' : 'no'],
      peer.http.outgoing.jwtSubject && ['Our tokens', `signed for subject ${peer.http.outgoing.jwtSubject}`],
      ['Its tokens', [...peer.http.incoming.tokenFingerprints, ...peer.http.incoming.jwtSecretFingerprints].join(', ') || 'none'],
      peer.transport.clientKeys.length > 0 && ['Client keys', peer.transport.clientKeys.join(', ')],
      ['Protocol', `${peer.transport.protocol}, ${peer.transport.mode.toLowerCase()}`],
      ['Largest packet', amount(peer.maxPacketAmount, peer.asset)],
      peer.maxInFlightAmount && ['Most in flight', amount(peer.maxInFlightAmount, peer.asset)],
      peer.maxHoldMilliseconds && ['Hold time', `${peer.maxHoldMilliseconds} ms`],
      peer.split && ['In parts', `up to ${amount(peer.split.maxTotal, peer.asset)} in ${peer.split.maxParts}; ` +
        (peer.splitAccepted ? 'the peer accepts them' : 'the peer does not say that it accepts them')],
      ['Routes', peer.routes.join(', ')],
      ['Created', time(peer.createdAt)],
      ['Id', peer.id]
    ]),
    editing(peer), live.content, liquidity(peer), examination(peer))
  return { content, stop: live.stop }
}
