// Pages of the API's lists.
import { ask } from './api.js'

/** One page of a connection: {nodes, after}, with the cursor of the next page or null. */
export async function page(list, selection, { args = '', declared = '', variables = {}, after = null, first = 50 } = {}) {
  const data = await ask(
    `query Page($after: String, $first: Int${declared}) { ${list}(after: $after, first: $first${args}) {
      edges { node { ${selection} } } pageInfo { endCursor hasNextPage } } }`,
    { after, first, ...variables })
  const { edges, pageInfo } = data[list]
  return { nodes: edges.map(({ node }) => node), after: pageInfo.hasNextPage ? pageInfo.endCursor : null }
}

/** All entries, up to `most`. */
export async function all(list, selection, most = 2000, options = {}) {
  const nodes = []
  let after = null
  do {
    const next = await page(list, selection, { ...options, after, first: 100 })
    nodes.push(...next.nodes)
    after = next.after
  } while (after !== null && nodes.length < most)
  return nodes
}
