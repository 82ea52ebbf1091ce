// The Admin API beside this page. If it wants signatures, the secret is kept in this module only: closing or reloading
// the tab forgets it.

let secret = null
let tenant = '00000000-0000-4000-8000-000000000001'

export class ApiError extends Error {
  constructor(message, code) {
    super(message)
    this.code = code
  }
}

export const canSign = () => globalThis.crypto?.subtle !== undefined
export const isSigning = () => secret !== null

export function useSecret(text, tenantId) {
  secret = text
  tenant = tenantId
}

export function forgetSecret() {
  secret = null
}

/** Canonical JSON (RFC 8785). JavaScript's own texts of numbers and strings are the canonical ones. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.keys(value).filter((name) => value[name] !== undefined).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

async function signature(body) {
  const text = new TextEncoder()
  const time = Date.now()
  const key = await crypto.subtle.importKey('raw', text.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const digest = new Uint8Array(await crypto.subtle.sign('HMAC', key, text.encode(`${time}.${body}`)))
  return `t=${time}, v1=${[...digest].map((octet) => octet.toString(16).padStart(2, '0')).join('')}`
}

/** Returns the data of a document. Throws an ApiError, with the code 'UNAUTHENTICATED' if a signature is wanted. */
export async function ask(query, variables = {}) {
  const body = canonical({ query, variables })
  const headers = { 'content-type': 'application/json' }
  if (secret !== null) Object.assign(headers, { 'tenant-id': tenant, signature: await signature(body) })
  let response
  try {
    response = await fetch('graphql', { method: 'POST', headers, body, cache: 'no-store' })
  } catch {
    throw new ApiError('The daemon does not answer', 'NO_ANSWER')
  }
  if (response.status === 401) throw new ApiError('The daemon does not accept the signature', 'UNAUTHENTICATED')
  const answer = await response.json().catch(() => ({}))
  if (answer.errors?.length) throw new ApiError(answer.errors[0].message, answer.errors[0].extensions?.code)
  if (!answer.data) throw new ApiError(`The daemon answers with HTTP status ${response.status}`, 'NO_ANSWER')
  return answer.data
}

/** A new UUID of version 4. crypto.randomUUID exists only in secure contexts. */
export function newId() {
  const octets = crypto.getRandomValues(new Uint8Array(16))
  octets[6] = (octets[6] & 0x0f) | 0x40
  octets[8] = (octets[8] & 0x3f) | 0x80
  const digits = [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** A token that nobody can guess, in hexadecimal digits. */
export const newToken = () =>
  [...crypto.getRandomValues(new Uint8Array(24))].map((octet) => octet.toString(16).padStart(2, '0')).join('')
