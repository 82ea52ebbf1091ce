import { h, table, time } from '../dom.js'
import { page } from '../lists.js'

export const title = 'Events'

export async function show(after = null) {
  const { nodes, after: next } = await page('webhookEvents', 'id type createdAt name data', { after: after || null })
  return h('div', {}, h('h1', {}, title),
    table('Events, the newest first', [
      { heading: 'Time', cell: ({ createdAt }) => time(createdAt) },
      { heading: 'Type', cell: ({ type }) => type },
      { heading: 'Whom it concerns', cell: ({ name }) => name ?? '-' },
      { heading: 'What has happened', cell: ({ data }) => h('code', {}, JSON.stringify(data)) }
    ], nodes, 'Nothing has happened that webhooks report.'),
    next && h('p', {}, h('a', { href: `#/events/${next}` }, 'Next page')))
}
