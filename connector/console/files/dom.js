// Elements. Texts become text nodes: names and messages are chosen by others, and never become markup.

import { newId, newToken } from './api.js'

const namespaces = { svg: 'http://www.w3.org/2000/svg' }

function add(element, child) {
  if (child === null || child === undefined || child === false) return
  if (Array.isArray(child)) child.forEach((each) => add(element, each))
  else element.append(child instanceof Node ? child : document.createTextNode(String(child)))
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : value)
  }
  add(element, children)
  return element
}

export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children)
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(namespaces.svg, tag), attributes, children)

/** `columns`: {heading, cell(row), number?}. The headings of a table are its first row; the first cell heads its row. */
export function table(caption, columns, rows, whenEmpty) {
  if (rows.length === 0) return h('p', { class: 'quiet' }, whenEmpty)
  const head = columns.map(({ heading, number }) => h('th', { scope: 'col', class: number && 'number' }, heading))
  const body = rows.map((row) =>
    h('tr', {}, columns.map(({ cell, number }, index) =>
      h(index === 0 ? 'th' : 'td', { scope: index === 0 ? 'row' : null, class: number && 'number' }, cell(row)))))
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, head)), h('tbody', {}, body)))
}

export const terms = (entries) =>
  h('dl', {}, entries.filter(Boolean).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))

/** A labelled field. `input` is an element, or the attributes of an <input>. */
export function field(label, input, hint) {
  const element = input instanceof Node ? input : h('input', { autocomplete: 'off', ...input })
  return h('label', {}, label, element, hint && h('span', { class: 'hint' }, hint))
}

export const button = (text, onclick, attributes = {}) => h('button', { type: 'button', onclick, ...attributes }, text)

let noticeTimer
/** Says what was done, also to a screen reader. */
export function notice(text) {
  document.getElementById('notice').textContent = text
  clearTimeout(noticeTimer)
  noticeTimer = setTimeout(() => { document.getElementById('notice').textContent = '' }, 10_000)
}

/** Says what went wrong; null takes it back. */
export function trouble(text) {
  const place = document.getElementById('trouble')
  place.hidden = text === null
  place.textContent = text ?? ''
}

/**
 * A form whose button runs `action(values, attempt)`, with the fields' texts by name. While it runs, the button rests.
 * `attempt` has the ids of what is made: they stay the same until the action has succeeded or a value is changed, so
 * pressing the button again after a lost answer does nothing twice.
 */
export function form(children, submitText, action, attributes = {}) {
  const submit = h('button', { type: 'submit', class: 'main' }, submitText)
  const element = h('form', attributes, children, h('div', {}, submit))
  const newAttempt = () => ({ id: newId(), key: newId(), token: newToken() })
  let attempt = newAttempt()
  element.addEventListener('input', () => { attempt = newAttempt() })
  element.addEventListener('submit', async (event) => {
    event.preventDefault()
    trouble(null)
    submit.disabled = true
    const values = {}
    for (const input of element.elements) {
      if (input.name) values[input.name] = input.type === 'checkbox' ? input.checked : input.value
    }
    try {
      await action(values, attempt)
      attempt = newAttempt()
    } catch (error) {
      trouble(error.message)
    } finally {
      submit.disabled = false
    }
  })
  return element
}

/** Runs an action of a button and shows what goes wrong. */
export const acting = (action) => async (event) => {
  const pressed = event.currentTarget
  trouble(null)
  pressed.disabled = true
  try {
    await action()
  } catch (error) {
    trouble(error.message)
  } finally {
    pressed.disabled = false
  }
}

export const select = (name, options, attributes = {}) =>
  h('select', { name, ...attributes }, options.map(([value, text]) => h('option', { value }, text)))

export const time = (iso) => (iso === null ? '-' : h('time', { datetime: iso }, new Date(iso).toLocaleString()))
