// What Rafiki's Admin web application asks, by the client that it uses: Apollo, which adds __typename everywhere.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { Admin, eventually, hidden, isoTime, uuidV4 } from './admin_support.mjs'
import { freePorts, peer } from './support.mjs'

const require = createRequire(import.meta.url)
const { ApolloClient, HttpLink, InMemoryCache, gql } = require('@apollo/client/core')

const operator = '00000000-0000-4000-8000-000000000001'

let admin
let apollo
let spspPort

before(async () => {
    spspPort = (await freePorts(1))[0]
    admin = await Admin.start({
        peers: [peer('filed', { address: 'test.filed', port: 9 })],
        spsp: { enabled: true, listen: `127.0.0.1:${spspPort}`, public_url: 'https://pay.example/' },
    })
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
        tenant(id: $id) {
            id email apiSecret idpConsentUrl idpSecret publicName createdAt deletedAt settings { key value }
        }
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

const GetWalletAddress = gql`
    query GetWalletAddressQuery($id: String!) {
        walletAddress(id: $id) {
            id address publicName status createdAt liquidity
            asset { id code scale withdrawalThreshold }
        }
    }`

const ListWalletAddresses = gql`
    query ListWalletAddresssQuery($after: String, $before: String, $first: Int, $last: Int) {
        walletAddresses(after: $after, before: $before, first: $first, last: $last) {
            edges { cursor node { id publicName status address tenant { id publicName } } }
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    }`

const CreateWalletAddress = gql`
    mutation CreateWalletAddressMutation($input: CreateWalletAddressInput!) {
        createWalletAddress(input: $input) { walletAddress { id } }
    }`
const UpdateWalletAddress = gql`
    mutation UpdateWalletAddressMutation($input: UpdateWalletAddressInput!) {
        updateWalletAddress(input: $input) { walletAddress { id } }
    }`
const WithdrawWalletAddress = gql`
    mutation CreateWalletAddressWithdrawal($input: CreateWalletAddressWithdrawalInput!) {
        createWalletAddressWithdrawal(input: $input) { withdrawal { id } }
    }`

const ListPayments = gql`
    query ListPaymentsQuery($after: String, $before: String, $first: Int, $last: Int, $filter: PaymentFilter) {
        payments(after: $after, before: $before, first: $first, last: $last, filter: $filter) {
            edges { node { id type state createdAt tenant { id publicName } } }
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    }`

const GetOutgoingPayment = gql`
    query GetOutgoingPayment($id: String!) {
        outgoingPayment(id: $id) {
            id createdAt error receiver walletAddressId state metadata
            receiveAmount { assetCode assetScale value }
            debitAmount { assetCode assetScale value }
            sentAmount { assetCode assetScale value }
            liquidity
        }
    }`

const GetIncomingPayment = gql`
    query GetIncomingPayment($id: String!) {
        incomingPayment(id: $id) {
            id walletAddressId state expiresAt
            incomingAmount { value assetCode assetScale }
            receivedAmount { value assetCode assetScale }
            metadata createdAt liquidity
        }
    }`

const DepositOutgoingPayment = liquidityMutation('depositOutgoingPaymentLiquidity', 'DepositOutgoingPaymentLiquidityInput')
const WithdrawOutgoingPayment = liquidityMutation('createOutgoingPaymentWithdrawal', 'CreateOutgoingPaymentWithdrawalInput')
const WithdrawIncomingPayment = liquidityMutation('createIncomingPaymentWithdrawal', 'CreateIncomingPaymentWithdrawalInput')

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
    // The form for a new wallet address puts this before the name.
    assert.deepEqual(node.settings, [
        { __typename: 'TenantSetting', key: 'WALLET_ADDRESS_URL', value: 'https://pay.example' },
    ])
    assert.deepEqual(await query(GetTenant, { id: operator }), node)
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

/** A wallet address as the application's form makes it. */
async function newWalletAddress(name, asset, publicName = '') {
    const { walletAddress } = await mutate(CreateWalletAddress, {
        address: `https://pay.example/${name}`, publicName, assetId: asset.id, tenantId: operator, additionalProperties: [],
    })
    return walletAddress
}

/** Deposits to a wallet address; the application has no form for it. */
const deposit = (receivingAccountId, amount) =>
    admin.mutate('depositReceivingAccountLiquidity', {
        receivingAccountId, amount, id: randomUUID(), idempotencyKey: randomUUID(),
    })

test('a wallet address is created, changed, disabled and emptied', async () => {
    const { asset } = await mutate(CreateAsset, { code: 'WALLET', scale: 2, withdrawalThreshold: '50' })
    const made = await newWalletAddress('jdoe', asset, 'J. Doe')
    assert.deepEqual(made, { __typename: 'WalletAddress', id: made.id })
    const { id } = made
    const found = await query(GetWalletAddress, { id })
    const wanted = {
        __typename: 'WalletAddress',
        id,
        address: 'https://pay.example/jdoe',
        publicName: 'J. Doe',
        status: 'ACTIVE',
        createdAt: found.createdAt,
        liquidity: '0',
        asset: { __typename: 'Asset', id: asset.id, code: 'WALLET', scale: 2, withdrawalThreshold: '50' },
    }
    assert.deepEqual(found, wanted)
    assert.match(found.createdAt, isoTime)
    const pointerOf = 'query ($id: String!) { receivingAccount(id: $id) { paymentPointer } }'
    assert.deepEqual(await admin.query(pointerOf, { id }), { paymentPointer: '$pay.example/jdoe' })
    assert.equal((await refusal(newWalletAddress('jdoe', asset)))[1], 'DUPLICATE')
    const elsewhere = { address: 'https://other.example/jane', assetId: asset.id, additionalProperties: [] }
    const [message, code] = await refusal(mutate(CreateWalletAddress, elsewhere))
    assert.match(message, /^invalid address: it does not begin with https:\/\/pay\.example,/)
    assert.equal(code, 'BAD_USER_INPUT')

    assert.deepEqual(await mutate(UpdateWalletAddress, { id, publicName: '', status: 'INACTIVE' }), {
        __typename: 'UpdateWalletAddressMutationResponse', walletAddress: made,
    })
    assert.deepEqual(await query(GetWalletAddress, { id }), { ...wanted, publicName: null, status: 'INACTIVE' })

    const withdrawal = () => ({ id: randomUUID(), walletAddressId: id, idempotencyKey: randomUUID(), timeoutSeconds: '0' })
    assert.deepEqual(await refusal(mutate(WithdrawWalletAddress, withdrawal())), ['Transfer amount is zero', 'FORBIDDEN'])
    await deposit(id, '1234')
    assert.equal((await query(GetWalletAddress, { id })).liquidity, '1234')
    const input = withdrawal()
    const withdrawn = {
        __typename: 'WalletAddressWithdrawalMutationResponse',
        withdrawal: { __typename: 'WalletAddressWithdrawal', id: input.id },
    }
    assert.deepEqual(await mutate(WithdrawWalletAddress, input), withdrawn)
    assert.equal((await query(GetWalletAddress, { id })).liquidity, '0')
    // A repeated request withdraws nothing more, and says again what was withdrawn.
    await deposit(id, '5')
    assert.deepEqual(await mutate(WithdrawWalletAddress, input), withdrawn)
    const repeated = await admin.mutate('createWalletAddressWithdrawal', input, 'withdrawal { amount walletAddress { address } }')
    assert.deepEqual(repeated, { withdrawal: { amount: '1234', walletAddress: { address: 'https://pay.example/jdoe' } } })
    assert.equal((await query(GetWalletAddress, { id })).liquidity, '5')

    assert.deepEqual(await refusal(query(GetWalletAddress, { id: randomUUID() })), ['unknown wallet address', 'NOT_FOUND'])
    assert.deepEqual(
        await refusal(mutate(WithdrawWalletAddress, { ...withdrawal(), walletAddressId: randomUUID() })),
        ['unknown wallet address', 'NOT_FOUND'],
    )
})

test('the table of wallet addresses', async () => {
    const { asset } = await mutate(CreateAsset, { code: 'WALLETS', scale: 9 })
    const before = (await query(ListWalletAddresses)).edges.map(({ node }) => node.id)
    const ids = []
    for (let i = 0; i < 21; ++i) ids.unshift((await newWalletAddress(`row${i}`, asset, `Row ${i}`)).id)
    const pages = await leafThrough(ListWalletAddresses, [...ids, ...before])
    assert.deepEqual(pages[0].edges[0], {
        __typename: 'WalletAddressEdge',
        cursor: ids[0],
        node: {
            __typename: 'WalletAddress', id: ids[0], publicName: 'Row 20', status: 'ACTIVE',
            address: 'https://pay.example/row20',
            tenant: { __typename: 'Tenant', id: operator, publicName: 'operator' },
        },
    })
})

test('payments are listed, filtered and shown', async () => {
    const { asset } = await mutate(CreateAsset, { code: 'PAY', scale: 2 })
    const payer = await newWalletAddress('payer', asset)
    const payee = await newWalletAddress('payee', asset)
    await deposit(payer.id, '1000')
    const pay = async (from, receiver, amount) => {
        const input = { id: randomUUID(), receivingAccountId: from, receiver, ...amount }
        await admin.mutate('createPayment', input, 'payment { id }')
        await eventually(() => query(GetOutgoingPayment, { id: input.id }), ({ state }) => /^(COMPL|FAIL)/.test(state))
        return input.id
    }
    const receiver = `http://127.0.0.1:${spspPort}/payee`
    const paid = await pay(payer.id, receiver, { sendAmount: '250' })
    const shown = await query(GetOutgoingPayment, { id: paid })
    const of = { __typename: 'Amount', assetCode: 'PAY', assetScale: 2 }
    const ofReceiver = { __typename: 'Amount', assetCode: '', assetScale: 0 }
    assert.match(shown.createdAt, isoTime)
    assert.deepEqual(shown, {
        __typename: 'OutgoingPayment', id: paid, createdAt: shown.createdAt, error: null, receiver,
        walletAddressId: payer.id, state: 'COMPLETED', metadata: null, liquidity: '0',
        receiveAmount: { ...ofReceiver, value: '250' },
        debitAmount: { ...of, value: '250' },
        sentAmount: { ...of, value: '250' },
    })
    const failed = await pay(payer.id, `http://127.0.0.1:${spspPort}/nobody`, { sendAmount: '100' })
    const { state, error, sentAmount, debitAmount, receiveAmount } = await query(GetOutgoingPayment, { id: failed })
    assert.equal(state, 'FAILED')
    assert.match(error, /nobody/)
    assert.deepEqual([sentAmount, debitAmount, receiveAmount], [
        { ...of, value: '0' }, { ...of, value: '100' }, { ...ofReceiver, value: '0' },
    ])
    const back = await pay(payee.id, `http://127.0.0.1:${spspPort}/payer`, { sendAmount: '50' })

    const listed = async (filter) => (await query(ListPayments, { filter })).edges.map(({ node }) => node.id)
    const { edges, pageInfo } = await query(ListPayments)
    assert.deepEqual(edges.map(({ node }) => [node.id, node.type, node.state]), [
        [back, 'OUTGOING', 'COMPLETED'], [failed, 'OUTGOING', 'FAILED'], [paid, 'OUTGOING', 'COMPLETED'],
    ])
    assert.deepEqual(pageInfo, {
        startCursor: back, endCursor: paid, hasNextPage: false, hasPreviousPage: false, ...pageInfoType,
    })
    assert.deepEqual(edges[2], {
        __typename: 'PaymentEdge',
        node: {
            __typename: 'Payment', id: paid, type: 'OUTGOING', state: 'COMPLETED', createdAt: shown.createdAt,
            tenant: { __typename: 'Tenant', id: operator, publicName: 'operator' },
        },
    })
    // Without a choice of types, the application sends an empty list.
    const ofPayer = { type: { in: [] }, walletAddressId: { in: [payer.id] } }
    assert.deepEqual(await listed({ type: { in: [] } }), [back, failed, paid])
    assert.deepEqual(await listed({ type: { in: ['OUTGOING', 'INCOMING'] } }), [back, failed, paid])
    assert.deepEqual(await listed(ofPayer), [failed, paid])
    assert.deepEqual(await listed({ ...ofPayer, type: { in: ['INCOMING'] } }), [])
    assert.deepEqual(await listed({ walletAddressId: { in: [randomUUID()] } }), [])
    assert.equal((await refusal(query(ListPayments, { filter: { walletAddressId: { in: [payer.id, payee.id] } } })))[1], 'BAD_USER_INPUT')
    assert.deepEqual((await query(ListPayments, { filter: { type: { in: ['INCOMING'] } } })).pageInfo, noPage)
    const first = await query(ListPayments, { first: 1, filter: ofPayer })
    assert.equal(first.pageInfo.hasNextPage, true)
    const second = await query(ListPayments, { first: 1, after: first.pageInfo.endCursor, filter: ofPayer })
    assert.deepEqual(second.edges.map(({ node }) => node.id), [paid])
    assert.deepEqual(await query(ListPayments, { last: 1, before: second.pageInfo.startCursor, filter: ofPayer }), first)

    // The asset and the wallet address of a payment are shown after the account has gone.
    const { amount } = (await admin.mutate('createWalletAddressWithdrawal', {
        id: randomUUID(), walletAddressId: payer.id, idempotencyKey: randomUUID(), timeoutSeconds: 0,
    }, 'withdrawal { amount }')).withdrawal
    assert.equal(amount, '800')
    await admin.mutate('deleteReceivingAccount', { id: payer.id }, 'receivingAccount { id }')
    const orphan = await query(GetOutgoingPayment, { id: paid })
    assert.match(orphan.walletAddressId, uuidV4)
    assert.notEqual(orphan.walletAddressId, payer.id)
    assert.deepEqual(orphan, { ...shown, walletAddressId: orphan.walletAddressId })
})

test('what has no counterpart here is refused with the reason', async () => {
    const id = randomUUID()
    const refused = async (answer, pattern, code) => {
        const [message, given] = await refusal(answer)
        assert.match(message, pattern)
        assert.equal(given, code)
    }
    const money = { idempotencyKey: randomUUID() }
    await refused(query(GetOutgoingPayment, { id }), /^payment does not exist$/, 'NOT_FOUND')
    await refused(query(GetIncomingPayment, { id }), /^payment does not exist: an incoming payment cannot be looked up/, 'NOT_FOUND')
    await refused(
        mutate(DepositOutgoingPayment, { outgoingPaymentId: id, ...money }), /depositReceivingAccountLiquidity$/, 'FORBIDDEN',
    )
    money.timeoutSeconds = '0'
    await refused(
        mutate(WithdrawOutgoingPayment, { outgoingPaymentId: id, ...money }), /createWalletAddressWithdrawal$/, 'FORBIDDEN',
    )
    await refused(
        mutate(WithdrawIncomingPayment, { incomingPaymentId: id, ...money }), /createWalletAddressWithdrawal$/, 'FORBIDDEN',
    )
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
