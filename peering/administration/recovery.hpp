#pragma once

#include "peering/book/bookkeeper.hpp"
#include "peering/book/operator_transfers.hpp"
#include "peering/book/payments.hpp"
#include "peering/directory/directory.hpp"
#include "peering/store/store.hpp"

#include <expected>
#include <string>

namespace peering {

// What the daemon does at start with what it finds in the store. A clean stop, kill -9 and a power failure make no
// difference: the store has every transaction as a whole or not at all, and nothing else outlives the process.
//
// | what is found                 | what becomes of it                                                               |
// | ----------------------------- | -------------------------------------------------------------------------------- |
// | the lock of another daemon    | open_store() refuses; the lock of a process that has died is free                |
// | the registration of another   | likewise, unless this daemon waits as a standby; one of the same name, or whose  |
// | daemon                        | lease has ended, is replaced                                                     |
// | an older schema               | open_store() migrates it, step by step                                           |
// | assets, peers, receiving      | checked, then loaded; the daemon does not start with a faulty book               |
// | accounts and balances         |                                                                                  |
// | holds of packets              | there are none: they are never stored, so what they held is free again. No peer  |
// |                               | has been sent the outcome of these packets                                       |
// | pending withdrawals           | held again; operator_transfers::expire() ends those that expired in the meantime |
// | payments that have not ended  | loaded; what they have sent is what was posted, so it is not sent again. Their   |
// |                               | sender goes on when the packets that were in flight have expired                 |
// | peers of the file             | wait for take_file() as absent peers; those that the file lacks remain absent    |
// | events that are not delivered | stay in the store, which is their queue; the webhooks look for them              |
// | open events of payments that  | closed, and so delivered; what arrives from now on is another event              |
// | arrived                       |                                                                                  |
// | outcomes of packets that came | loaded unless their time is over: the peers that have split the packets may ask  |
// | in parts                      | for them                                                                         |
// | ceilings of what may be in   | there was no stop in good order: as much may have been fulfilled by the peer and |
// | flight to a peer              | is in no book. It is added to the peer's doubt, which an operator ends           |
// | answers to idempotency keys   | stay in the store; each is looked up when its key comes again                    |

/// Checks what the store has, and fills the directory, the ledger and the thresholds with it. Call it once, before
/// anything else uses them and before the committer starts. The error says what is wrong and what to do; the daemon
/// must not start then, and nothing has been written.
std::expected<void, std::string> recover(const catalogue& found, directory& directory, bookkeeper& keeper,
                                         operator_transfers& transfers, payments& payments);

/// Counts the events that are not delivered, and has those of payments that were arriving when the last process ended
/// delivered as they are. Call it once, after recover(), before anything else is written and before the committer
/// starts.
std::expected<void, store_error> restore_events(const catalogue& found, bookkeeper& keeper);

/// Turns the ceilings that the last process has left into doubts, and writes them with an event for each peer, so that
/// each crash is reported once. Call it once, after recover() and before the committer starts.
std::expected<void, store_error> report_doubts(const catalogue& found, bookkeeper& keeper);

/// The part of recover() without the withdrawals and payments.
std::expected<void, std::string> open_directory(directory& directory, const catalogue& found, bookkeeper& keeper);

}  // namespace peering
