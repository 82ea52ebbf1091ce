#include "connector/ilpctl/documents.hpp"

namespace connector::ilpctl::documents {
namespace {

// Fragments are macros because each document must be a single literal.
#define ASSET_FIELDS                                                                                         \
    "fragment AssetFields on Asset { id code scale liquidity liquidityThreshold withdrawalThreshold origin " \
    "createdAt tenant { id publicName } }"
#define PEER_FIELDS                                                                                                   \
    "fragment PeerFields on Peer { id name staticIlpAddress asset { id code scale } enabled origin liquidity "        \
    "liquidityThreshold maxPacketAmount maxInFlightAmount maxHoldMilliseconds split { maxTotal maxParts } "           \
    "splitAccepted { maxTotal maxParts } routes http { outgoing { endpoint "                                          \
    "jwtSubject authToken @include(if: $secrets) } incoming { tokenFingerprints jwtSecretFingerprints } } transport " \
    "{ clientKeys caCertificates allowPlainHttp protocol mode } "                                                     \
    "reachability { state since lastAnswerAt lastError lastErrorAt roundTripMs } amountInDoubt "                      \
    "createdAt tenant { id publicName } }"
#define RECEIVING_ACCOUNT_FIELDS                                                                        \
    "fragment ReceivingAccountFields on ReceivingAccount { id name publicName asset { id code scale } " \
    "liquidity enabled origin createdAt paymentPointer }"
#define TENANT_FIELDS                                                                                         \
    "fragment TenantFields on Tenant { id publicName email idpConsentUrl createdAt deletedAt settings { key " \
    "value } }"
#define NEXT_HOP_FIELDS "fragment NextHopFields on Peer { id name staticIlpAddress enabled asset { id code scale } }"
#define TRANSFER_FIELDS                                                                                              \
    "fragment TransferFields on AccountingTransfer { id transferType isCorrection state amount exactAmount packets " \
    "sumOfDay "                                                                                                      \
    "debitAccountId creditAccountId debitAccountName creditAccountName incoming ledger createdAt expiresAt }"
#define PAYMENT_FIELDS                                                                                              \
    "fragment PaymentFields on Payment { id receivingAccount { id name asset { code scale } } receiver sendAmount " \
    "deliverAmount requestedSendMax slippage status failure waitsFor sendMax sent delivered createdAt endedAt }"
#define PAGE_FIELDS "pageInfo { endCursor hasNextPage }"

}  // namespace

const document status{"node",
                      "query Status { node { ilpAddress version startedAt ready storeError peers assets "
                      "receivingAccounts spspListener routes pendingWithdrawals unreachablePeerCount unreachablePeers "
                      "{ id name staticIlpAddress "
                      "reachability { state since lastError } } "
                      "peersInDoubtCount peersInDoubt { id name staticIlpAddress amountInDoubt asset { code scale } } "
                      "cluster { isShared activeSince epoch leaseSeconds } } }"};
const document cluster{"cluster",
                       "query Cluster { cluster { isShared host activeSince hasTakenOver epoch leaseSeconds daemons { "
                       "slot state isSelf host instance epoch lastCommit leaseUntil leaseSeconds } } }"};
const document whoami{"whoami", "query Whoami { whoami { id isOperator } }"};
const document tenants{"tenants",
                       "query Tenants($after: String, $first: Int, $sortOrder: SortOrder) { tenants(after: $after, "
                       "first: $first, sortOrder: $sortOrder) { edges { node { ...TenantFields } } " PAGE_FIELDS
                       " } } " TENANT_FIELDS};
const document tenant{"tenant", "query Tenant($id: String!) { tenant(id: $id) { ...TenantFields } } " TENANT_FIELDS};

const document assets{"assets",
                      "query Assets($after: String, $first: Int, $sortOrder: SortOrder, $tenantId: String) { "
                      "assets(after: $after, first: $first, sortOrder: $sortOrder, tenantId: $tenantId) { edges { node "
                      "{ ...AssetFields } } " PAGE_FIELDS " } } " ASSET_FIELDS};
const document asset{"asset", "query Asset($id: String!) { asset(id: $id) { ...AssetFields } } " ASSET_FIELDS};
const document asset_by_unit{"assetByCodeAndScale",
                             "query AssetByUnit($code: String!, $scale: UInt8!) { assetByCodeAndScale(code: $code, "
                             "scale: $scale) { ...AssetFields } } " ASSET_FIELDS};
const document create_asset{"createAsset",
                            "mutation CreateAsset($input: CreateAssetInput!) { createAsset(input: $input) { asset { "
                            "...AssetFields } } } " ASSET_FIELDS};
const document update_asset{"updateAsset",
                            "mutation UpdateAsset($input: UpdateAssetInput!) { updateAsset(input: $input) { asset { "
                            "...AssetFields } } } " ASSET_FIELDS};
const document delete_asset{"deleteAsset",
                            "mutation DeleteAsset($input: DeleteAssetInput!) { deleteAsset(input: $input) { asset { "
                            "...AssetFields } } } " ASSET_FIELDS};

const document peers{"peers",
                     "query Peers($after: String, $first: Int, $sortOrder: SortOrder, $tenantId: ID, $secrets: "
                     "Boolean = false) { peers(after: $after, first: $first, sortOrder: $sortOrder, tenantId: "
                     "$tenantId) { edges { node { ...PeerFields } } " PAGE_FIELDS " } } " PEER_FIELDS};
const document peer{"peer",
                    "query Peer($id: String!, $secrets: Boolean = false) { peer(id: $id) { ...PeerFields } "
                    "} " PEER_FIELDS};
const document traffic{
    "peers",
    "query Traffic($after: String, $first: Int) { peers(after: $after, first: $first) { edges { node { "
    "id name staticIlpAddress asset { code scale } liquidity reachability { state } traffic { incoming "
    "{ prepares fulfills rejects } outgoing { prepares } packetsInFlight refusals { count } durations { "
    "seconds count } } } } " PAGE_FIELDS " } }"};
const document create_peer{"createPeer",
                           "mutation CreatePeer($input: CreatePeerInput!, $secrets: Boolean = false) { "
                           "createPeer(input: $input) { peer { ...PeerFields } } } " PEER_FIELDS};
const document add_peer_by_url{"createOrUpdatePeerByUrl",
                               "mutation AddPeerByUrl($input: CreateOrUpdatePeerByUrlInput!, $secrets: Boolean = "
                               "false) { createOrUpdatePeerByUrl(input: $input) { peer { ...PeerFields } } "
                               "} " PEER_FIELDS};
const document update_peer{"updatePeer",
                           "mutation UpdatePeer($input: UpdatePeerInput!, $secrets: Boolean = false) { "
                           "updatePeer(input: $input) { peer { ...PeerFields } } } " PEER_FIELDS};
const document delete_peer{"deletePeer",
                           "mutation DeletePeer($input: DeletePeerInput!) { deletePeer(input: $input) { success } }"};
const document set_peer_enabled{"setPeerEnabled",
                                "mutation SetPeerEnabled($input: SetPeerEnabledInput!, $secrets: Boolean = false) { "
                                "setPeerEnabled(input: $input) { peer { ...PeerFields } } } " PEER_FIELDS};

const document receiving_accounts{
    "receivingAccounts",
    "query ReceivingAccounts($after: String, $first: Int, $sortOrder: SortOrder) { receivingAccounts(after: $after, "
    "first: $first, sortOrder: $sortOrder) { edges { node { ...ReceivingAccountFields } } " PAGE_FIELDS
    " } } " RECEIVING_ACCOUNT_FIELDS};
const document receiving_account{"receivingAccount",
                                 "query ReceivingAccount($id: String!) { receivingAccount(id: $id) { "
                                 "...ReceivingAccountFields } } " RECEIVING_ACCOUNT_FIELDS};
const document receiving_account_by_name{"receivingAccountByName",
                                         "query ReceivingAccountByName($name: String!) { receivingAccountByName(name: "
                                         "$name) { ...ReceivingAccountFields } } " RECEIVING_ACCOUNT_FIELDS};
const document create_receiving_account{
    "createReceivingAccount",
    "mutation CreateReceivingAccount($input: CreateReceivingAccountInput!) { createReceivingAccount(input: $input) { "
    "receivingAccount { ...ReceivingAccountFields } } } " RECEIVING_ACCOUNT_FIELDS};
const document update_receiving_account{
    "updateReceivingAccount",
    "mutation UpdateReceivingAccount($input: UpdateReceivingAccountInput!) { updateReceivingAccount(input: $input) { "
    "receivingAccount { ...ReceivingAccountFields } } } " RECEIVING_ACCOUNT_FIELDS};
const document delete_receiving_account{
    "deleteReceivingAccount",
    "mutation DeleteReceivingAccount($input: DeleteReceivingAccountInput!) { deleteReceivingAccount(input: $input) { "
    "receivingAccount { ...ReceivingAccountFields } } } " RECEIVING_ACCOUNT_FIELDS};

const document payments{"payments",
                        "query Payments($after: String, $first: Int, $sortOrder: SortOrder, $receivingAccountId: "
                        "String) { payments(after: $after, first: $first, sortOrder: $sortOrder, receivingAccountId: "
                        "$receivingAccountId) { edges { node { ...PaymentFields } } " PAGE_FIELDS
                        " } } " PAYMENT_FIELDS};
const document payment{"payment",
                       "query Payment($id: String!) { payment(id: $id) { ...PaymentFields } } " PAYMENT_FIELDS};
const document create_payment{"createPayment",
                              "mutation CreatePayment($input: CreatePaymentInput!) { createPayment(input: $input) { "
                              "payment { ...PaymentFields } } } " PAYMENT_FIELDS};
const document cancel_payment{"cancelPayment",
                              "mutation CancelPayment($input: CancelPaymentInput!) { cancelPayment(input: $input) { "
                              "payment { ...PaymentFields } } } " PAYMENT_FIELDS};

const document deposit_peer{"depositPeerLiquidity",
                            "mutation DepositPeerLiquidity($input: DepositPeerLiquidityInput!) { "
                            "depositPeerLiquidity(input: $input) { success } }"};
const document deposit_asset{"depositAssetLiquidity",
                             "mutation DepositAssetLiquidity($input: DepositAssetLiquidityInput!) { "
                             "depositAssetLiquidity(input: $input) { success } }"};
const document deposit_receiving_account{
    "depositReceivingAccountLiquidity",
    "mutation DepositReceivingAccountLiquidity($input: DepositReceivingAccountLiquidityInput!) { "
    "depositReceivingAccountLiquidity(input: $input) { success } }"};
const document correct_peer{"correctPeerBooks",
                            "mutation CorrectPeerBooks($input: CorrectPeerBooksInput!) { "
                            "correctPeerBooks(input: $input) { success } }"};
const document agree_peer{"agreePeerBooks",
                          "mutation AgreePeerBooks($input: AgreePeerBooksInput!) { "
                          "agreePeerBooks(input: $input) { success } }"};
const document withdraw_peer{"createPeerLiquidityWithdrawal",
                             "mutation WithdrawPeerLiquidity($input: CreatePeerLiquidityWithdrawalInput!) { "
                             "createPeerLiquidityWithdrawal(input: $input) { success } }"};
const document withdraw_asset{"createAssetLiquidityWithdrawal",
                              "mutation WithdrawAssetLiquidity($input: CreateAssetLiquidityWithdrawalInput!) { "
                              "createAssetLiquidityWithdrawal(input: $input) { success } }"};
const document withdraw_receiving_account{
    "createReceivingAccountLiquidityWithdrawal",
    "mutation WithdrawReceivingAccountLiquidity($input: CreateReceivingAccountLiquidityWithdrawalInput!) { "
    "createReceivingAccountLiquidityWithdrawal(input: $input) { success } }"};
const document post_withdrawal{"postLiquidityWithdrawal",
                               "mutation PostLiquidityWithdrawal($input: PostLiquidityWithdrawalInput!) { "
                               "postLiquidityWithdrawal(input: $input) { success } }"};
const document void_withdrawal{"voidLiquidityWithdrawal",
                               "mutation VoidLiquidityWithdrawal($input: VoidLiquidityWithdrawalInput!) { "
                               "voidLiquidityWithdrawal(input: $input) { success } }"};
const document transfers{
    "accountTransfers",
    "query Transfers($id: String!, $after: String, $first: Int) { accountTransfers(id: $id, after: "
    "$after, first: $first) { edges { node { ...TransferFields } } " PAGE_FIELDS " } } " TRANSFER_FIELDS};

const document routes{"routes",
                      "query Routes($after: String, $first: Int, $prefix: String) { routes(after: $after, first: "
                      "$first, prefix: $prefix) { edges { node { prefix peer { ...NextHopFields } } } " PAGE_FIELDS
                      " } } " NEXT_HOP_FIELDS};
const document route{"route",
                     "query Route($address: String!, $assetId: String) { route(address: $address, assetId: $assetId) "
                     "{ prefix peer { ...NextHopFields } } } " NEXT_HOP_FIELDS};
const document events{"webhookEvents",
                      "query Events($after: String, $first: Int, $sortOrder: SortOrder, $filter: WebhookEventFilter, "
                      "$tenantId: String) { webhookEvents(after: $after, first: $first, sortOrder: $sortOrder, filter: "
                      "$filter, tenantId: $tenantId) { edges { node { id type createdAt name data } } " PAGE_FIELDS
                      " } }"};
const document ping{"ping",
                    "mutation Ping($input: PingInput!) { ping(input: $input) { reached milliseconds peer { "
                    "...NextHopFields } code triggeredBy message } } " NEXT_HOP_FIELDS};

const document examine_peer{"examinePeer",
                            "mutation ExaminePeer($input: ExaminePeerInput!) { examinePeer(input: $input) { question { "
                            "...AnswerFields } configuration { ilpAddress assetCode assetScale } echo { "
                            "...AnswerFields } } } "
                            "fragment AnswerFields on PingResponse { reached milliseconds code triggeredBy message }"};

}  // namespace connector::ilpctl::documents
