// What Rafiki's Admin web application asks, by the client that it uses: Apollo, which adds __typename everywhere.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { Admin, hidden, isoTime, uuidV4 } from './admin_support.mjs'
import { peer } from './support.mjs'

const require = createRequire(import.meta.url)
const { ApolloClient, HttpLink, InMemoryCache, gql } = require('@apollo/client/core')

const operator = '00000000-0000-4000-8000-000000000001'

let admin
let apollo

before(async () => {
    admin = await Admin.start({ peers: [peer('filed', { address: 'test.filed', port: 9 })] })
    apollo = new ApolloClient({
        link: new HttpLink({ uri: admin.url }),
        cache: new InMemoryCache(),
        defaultOptions: { query: { fetchPolicy: 'no-cache' }, mutate: { fetchPolicy: 'no-cache' } },
    })
})

after(async () => {
    apollo?.stop()
    await admin?.close()
})

const query = async (document, variables) => Object.values((await apollo.query({ query: document, variables })).data)[0]
const mutate = async (mutation, input) =>
    Object.values((await apollo.mutate({ mutation, variables: { input } })).data)[0]

/** The message and code of the only error. */
async function refusal(answer) {
    const { graphQLErrors } = await answer.then(() => assert.fail('no refusal'), (error) => error)
    assert.equal(graphQLErrors.length, 1)
    return [graphQLErrors[0].message, graphQLErrors[0].extensions.code]
}

const pageInfoType = { __typename: 'PageInfo' }

// --- Documents

const WhoAmI = gql`query WhoAmI { whoami { id isOperator } }`

const ListTenants = gql`
    query ListTenantsQuery($after: String, $before: String, $first: Int, $last: Int) {
        tenants(after: $after, before: $before, first: $first, last: $last) {
            edges { node {
                id email apiSecret idpConsentUrl idpSecret publicName createdAt deletedAt settings { key value }
            } }
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    }`

const GetTenant = gql`
    query GetTenantQuery($id: String!) {
        tenant(id: $id) { id email apiSecret idpConsentUrl idpSecret publicName createdAt deletedAt }
    }`

const assetFields = gql`
    fragment AssetFields on Asset {
        id code scale withdrawalThreshold liquidity
        sendingFee { basisPoints fixed createdAt }
        createdAt
    }`

const GetAsset = gql`query GetAssetQuery($id: String!) { asset(id: $id) { ...AssetFields } } ${assetFields}`

const ListAssets = gql`
    query ListAssetsQuery($after: String, $before: String, $first: Int, $last: Int) {
        assets(after: $after, before: $before, first: $first, last: $last) {
            edges { node { code id scale withdrawalThreshold createdAt tenant { id publicName } } }
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    }`

const GetAssetWithFees = gql`
    query GetAssetWithFeesQuery($id: String!, $after: String, $before: String, $first: Int, $last: Int) {
        asset(id: $id) {
            fees(after: $after, before: $before, first: $first, last: $last) {
                edges { cursor node { assetId basisPoints createdAt fixed id type } }
                pageInfo { endCursor hasNextPage hasPreviousPage startCursor }
            }
        }
    }`

const CreateAsset = gql`
    mutation CreateAssetMutation($input: CreateAssetInput!) { createAsset(input: $input) { asset { ...AssetFields } } }
    ${assetFields}`

const UpdateAsset = gql`
    mutation UpdateAssetMutation($input: UpdateAssetInput!) { updateAsset(input: $input) { asset { ...AssetFields } } }
    ${assetFields}`

const DeleteAsset = gql`
    mutation DeleteAssetMutation($input: DeleteAssetInput!) { deleteAsset(input: $input) { asset { ...AssetFields } } }
    ${assetFields}`

const SetFee = gql`
    mutation SetFeeMutation($input: SetFeeInput!) {
        setFee(input: $input) { fee { assetId basisPoints createdAt fixed id type } }
    }`

const liquidityMutation = (name, input) =>
    gql(`mutation ${name}Mutation($input: ${input}!) { ${name}(input: $input) { success } }`)

const DepositAssetLiquidity = liquidityMutation('depositAssetLiquidity', 'DepositAssetLiquidityInput')
const WithdrawAssetLiquidity = liquidityMutation('createAssetLiquidityWithdrawal', 'CreateAssetLiquidityWithdrawalInput')
const DepositPeerLiquidity = liquidityMutation('depositPeerLiquidity', 'DepositPeerLiquidityInput')
const WithdrawPeerLiquidity = liquidityMutation('createPeerLiquidityWithdrawal', 'CreatePeerLiquidityWithdrawalInput')

const GetPeer = gql`
    query GetPeerQuery($id: String!) {
        peer(id: $id) {
            id name staticIlpAddress maxPacketAmount liquidity createdAt
            asset { id code scale withdrawalThreshold }
            http { outgoing { endpoint authToken } }
        }
    }`

const ListPeers = gql`
    query ListPeersQuery($after: String, $before: String, $first: Int, $last: Int) {
        peers(after: $after, before: $before, first: $first, last: $last) {
            edges { node {
                id name staticIlpAddress
                http { outgoing { endpoint } }
                asset { code scale }
                tenant { id publicName }
            } }
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    }`

const CreatePeer = gql`mutation CreatePeerMutation($input: CreatePeerInput!) { createPeer(input: $input) { peer { id } } }`
const UpdatePeer = gql`mutation UpdatePeerMutation($input: UpdatePeerInput!) { updatePeer(input: $input) { peer { id } } }`
const DeletePeer = gql`mutation DeletePeerMutation($input: DeletePeerInput!) { deletePeer(input: $input) { success } }`

const noPage = { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false, ...pageInfoType }

// --- Pages of the application

test('who am I', async () => {
    assert.deepEqual(await query(WhoAmI), { id: operator, isOperator: true, __typename: 'WhoamiResponse' })
})

test('tenants', async () => {
    const tenants = await query(ListTenants, { first: 100 })
    assert.equal(tenants.__typename, 'TenantsConnection')
    assert.deepEqual(tenants.edges.map(({ node }) => node.id), [operator])
    assert.deepEqual(tenants.pageInfo, {
        startCursor: operator, endCursor: operator, hasNextPage: false, hasPreviousPage: false, ...pageInfoType,
    })
    const [{ node, __typename }] = tenants.edges
    assert.equal(__typename, 'TenantEdge')
    assert.equal(node.__typename, 'Tenant')
    assert.deepEqual(node.settings, [])
    const { settings, ...rest } = node
    assert.deepEqual(await query(GetTenant, { id: operator }), rest)
})

test('an asset is created, changed and deleted, and restored with its liquidity', async () => {
    const { asset: made, __typename } = await mutate(CreateAsset, { code: 'APP', scale: 2, withdrawalThreshold: '50' })
    assert.equal(__typename, 'AssetMutationResponse')
    const { id, createdAt } = made
    assert.match(id, uuidV4)
    assert.match(createdAt, isoTime)
    const asset = {
        __typename: 'Asset', id, code: 'APP', scale: 2, withdrawalThreshold: '50', liquidity: '0', sendingFee: null, createdAt,
    }
    assert.deepEqual(made, asset)
    assert.deepEqual(await query(GetAsset, { id }), asset)
    assert.deepEqual(await refusal(mutate(CreateAsset, { code: 'APP', scale: 2 })), ['Asset already exists', 'DUPLICATE'])

    const updated = await mutate(UpdateAsset, { id, withdrawalThreshold: '60' })
    assert.deepEqual(updated.asset, { ...asset, withdrawalThreshold: '60' })

    const done = { success: true, __typename: 'LiquidityMutationResponse' }
    const money = () => ({ assetId: id, id: randomUUID(), idempotencyKey: randomUUID() })
    assert.deepEqual(await mutate(DepositAssetLiquidity, { ...money(), amount: '1000' }), done)
    assert.deepEqual(await mutate(WithdrawAssetLiquidity, { ...money(), amount: '400', timeoutSeconds: '0' }), done)
    assert.equal((await query(GetAsset, { id })).liquidity, '600')
    assert.deepEqual(
        await refusal(mutate(WithdrawAssetLiquidity, { ...money(), amount: '601', timeoutSeconds: '0' })),
        ['Insufficient transfer balance', 'FORBIDDEN'],
    )

    assert.deepEqual(await query(GetAssetWithFees, { id, first: 10 }), {
        __typename: 'Asset',
        fees: { __typename: 'FeesConnection', edges: [], pageInfo: noPage },
    })
    const [message, code] = await refusal(mutate(SetFee, { assetId: id, type: 'SENDING', fee: { fixed: '1', basisPoints: 5 } }))
    assert.match(message, /^Fees are not available/)
    assert.equal(code, 'FORBIDDEN')

    const deleted = await mutate(DeleteAsset, { id })
    assert.equal(deleted.__typename, 'DeleteAssetMutationResponse')
    assert.deepEqual(deleted.asset, { ...asset, withdrawalThreshold: '60', liquidity: '600' })
    assert.deepEqual(await refusal(query(GetAsset, { id })), ['Asset not found', 'NOT_FOUND'])
})

/** The application's table: forwards by `after`, backwards by `before`, ten at a time. */
async function leafThrough(document, wanted) {
    const forwards = []
    let page = await query(document, { first: 10 })
    const pages = [page]
    assert.equal(page.pageInfo.hasPreviousPage, false)
    for (;;) {
        forwards.push(...page.edges.map(({ node }) => node.id))
        if (!page.pageInfo.hasNextPage) break
        page = await query(document, { first: 10, after: page.pageInfo.endCursor })
        pages.push(page)
    }
    assert.deepEqual(forwards, wanted)
    for (let at = pages.length - 1; at > 0; --at) {
        assert.equal(page.pageInfo.hasPreviousPage, true)
        page = await query(document, { last: 10, before: page.pageInfo.startCursor })
        assert.deepEqual(page, pages[at - 1])
    }
    return pages
}

test('the table of assets', async () => {
    const made = []
    for (let scale = 0; scale < 25; ++scale) made.unshift((await mutate(CreateAsset, { code: 'LIST', scale })).asset)
    const usd = await admin.query('{ assetByCodeAndScale(code: "USD", scale: 9) { id } }')
    const pages = await leafThrough(ListAssets, [...made.map(({ id }) => id), usd.id])
    const { id, createdAt } = made[0]
    assert.deepEqual(pages[0].edges[0], {
        __typename: 'AssetEdge',
        node: {
            __typename: 'Asset', code: 'LIST', id, scale: 24, withdrawalThreshold: null, createdAt,
            tenant: { __typename: 'Tenant', id: operator, publicName: 'operator' },
        },
    })
})

test('a peer is created, changed and deleted', async () => {
    const { asset } = await mutate(CreateAsset, { code: 'PEER', scale: 9 })
    const outgoing = { authToken: 'to-peer', endpoint: 'http://127.0.0.1:9/' }
    const { peer: made, __typename } = await mutate(CreatePeer, {
        name: 'App', staticIlpAddress: 'test.app', assetId: asset.id, maxPacketAmount: '1000',
        http: { incoming: { authTokens: ['from-app'] }, outgoing },
    })
    assert.equal(__typename, 'CreatePeerMutationResponse')
    assert.equal(made.__typename, 'Peer')
    const found = await query(GetPeer, { id: made.id })
    const wanted = {
        __typename: 'Peer',
        id: made.id,
        name: 'App',
        staticIlpAddress: 'test.app',
        maxPacketAmount: '1000',
        liquidity: '0',
        createdAt: found.createdAt,
        asset: { __typename: 'Asset', id: asset.id, code: 'PEER', scale: 9, withdrawalThreshold: null },
        // The request is not signed, so the response does not contain the token.
        http: { __typename: 'Http', outgoing: { __typename: 'HttpOutgoing', ...outgoing, authToken: hidden } },
    }
    assert.deepEqual(found, wanted)

    assert.deepEqual(await mutate(UpdatePeer, { id: made.id, name: 'Renamed', maxPacketAmount: '5' }), {
        __typename: 'UpdatePeerMutationResponse', peer: made,
    })
    const done = { success: true, __typename: 'LiquidityMutationResponse' }
    const money = () => ({ peerId: made.id, id: randomUUID(), idempotencyKey: randomUUID() })
    assert.deepEqual(await mutate(DepositPeerLiquidity, { ...money(), amount: '18446744073709551615' }), done)
    assert.deepEqual(await query(GetPeer, { id: made.id }), {
        ...wanted, name: 'Renamed', maxPacketAmount: '5', liquidity: '18446744073709551615',
    })
    assert.deepEqual(
        await mutate(WithdrawPeerLiquidity, { ...money(), amount: '18446744073709551615', timeoutSeconds: '0' }), done,
    )
    assert.deepEqual(await mutate(DeletePeer, { id: made.id }), {
        success: true, __typename: 'DeletePeerMutationResponse',
    })
    assert.deepEqual(await refusal(query(GetPeer, { id: made.id })), ['unknown peer', 'NOT_FOUND'])
})

test('the table of peers', async () => {
    const { asset } = await mutate(CreateAsset, { code: 'TABLE', scale: 9 })
    const ids = []
    const outgoing = { authToken: 'to-peer', endpoint: 'http://127.0.0.1:9/' }
    for (let i = 0; i < 21; ++i) {
        const input = { name: `Row ${i}`, staticIlpAddress: `test.row${i}`, assetId: asset.id, http: { outgoing } }
        ids.unshift((await mutate(CreatePeer, input)).peer.id)
    }
    const [{ node: filed }] = (await admin.query('{ peers(sortOrder: ASC, first: 1) { edges { node { id name } } } }')).edges
    assert.equal(filed.name, 'filed')
    const pages = await leafThrough(ListPeers, [...ids, filed.id])
    assert.deepEqual(pages[0].edges[0], {
        __typename: 'PeerEdge',
        node: {
            __typename: 'Peer', id: ids[0], name: 'Row 20', staticIlpAddress: 'test.row20',
            http: { __typename: 'Http', outgoing: { __typename: 'HttpOutgoing', endpoint: outgoing.endpoint } },
            asset: { __typename: 'Asset', code: 'TABLE', scale: 9 },
            tenant: { __typename: 'Tenant', id: operator, publicName: 'operator' },
        },
    })
})

test("Apollo's cache keeps things apart by id, and updates what a mutation answers", async () => {
    const { asset } = await mutate(CreateAsset, { code: 'CACHE', scale: 1 })
    const variables = { id: asset.id }
    const first = await apollo.query({ query: GetAsset, variables, fetchPolicy: 'network-only' })
    assert.equal(first.data.asset.withdrawalThreshold, null)
    await apollo.mutate({
        mutation: UpdateAsset,
        variables: { input: { id: asset.id, withdrawalThreshold: '7' } },
        fetchPolicy: 'network-only',
    })
    const cached = await apollo.query({ query: GetAsset, variables, fetchPolicy: 'cache-only' })
    assert.equal(cached.data.asset.withdrawalThreshold, '7')
})
