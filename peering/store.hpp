#pragma once

#include "ilp/amount.hpp"
#include "ilp/timestamp.hpp"
#include "peering/account.hpp"
#include "peering/event.hpp"
#include "peering/kept_answer.hpp"
#include "peering/kept_terms.hpp"
#include "peering/posting.hpp"
#include "peering/transfer.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// Why a store could not do what it was asked: one sentence for the operator, no secret in it.
struct store_error {
    std::string message;
    bool final = false;  ///< trying again cannot help: the database itself says no, and has changed nothing
};

/// Ids are chosen by the caller, and never given twice.
struct asset_record {
    std::uint32_t id = 0;
    std::string uuid;
    std::string code;
    std::uint8_t scale = 0;
    account_record liquidity;
    account_record settlement;
    ilp::timestamp created_at{};
    asset_terms terms{};
};

struct peer_record {
    std::uint32_t id = 0;
    std::string uuid;
    std::uint32_t asset_id = 0;
    account_record liquidity;
    ilp::timestamp created_at{};
    kept_peer_terms terms{};
};

/// A known asset or peer that has these terms from now on; its accounts and their history stay.
struct asset_change {
    std::uint32_t id = 0;
    asset_terms terms;
};
struct peer_change {
    std::uint32_t id = 0;
    kept_peer_terms terms;
};

/// Everything that is loaded at start. Other transfers stay on disk.
struct catalogue {
    std::vector<asset_record> assets;                  ///< by id; also those that were deleted
    std::vector<peer_record> peers;                    ///< by id; also those that were deleted
    std::vector<transfer_record> pending_withdrawals;  ///< in the order of their making
};

/// What one transaction changes. The views must live until commit() returns.
struct changes {
    std::span<const asset_record> new_assets{};  ///< with both accounts; their totals before this transaction are zero
    std::span<const asset_change> changed_assets{};
    std::span<const peer_record> new_peers{};  ///< likewise with their account
    std::span<const peer_change> changed_peers{};
    std::span<const posting> postings{};                 ///< of packets, netted per pair of accounts
    std::span<const transfer_record> new_transfers{};    ///< posted or pending
    std::span<const transfer_record> ended_transfers{};  ///< were pending; with their new state
    std::span<const account_change> accounts{};          ///< whose totals change, each once
    std::span<const event_record> new_events{};
    std::span<const event_attempt> event_attempts{};
    std::span<const kept_answer> new_answers{};
    std::optional<ilp::timestamp> forget_answers_before{};  ///< answers that were kept earlier than that go
};

/// One row of an account's history: an operator's transfer, or the packets of one commit between two accounts.
struct listed_transfer {
    std::uint64_t number = 0;  ///< of the row; later ones have higher numbers
    std::string uuid{};        ///< of an operator's transfer; empty: packets
    std::optional<transfer_kind> kind{};
    transfer_state state{};
    account_id debit{};
    account_id credit{};
    wide_amount amount = 0;
    std::uint64_t packets = 0;
    ilp::timestamp created_at{};
    std::optional<ilp::timestamp> expires_at{};
};

enum class account_side : std::uint8_t { debit, credit };

/// Which events, and which page of them.
struct event_query {
    std::optional<std::string> after{};   ///< uuid of the event before the page, in the order asked for
    std::optional<std::string> before{};  ///< uuid of the event behind the page; the page ends there
    bool newest_first = true;
    bool from_the_end = false;             ///< the last `limit` of what lies between, still in the order asked for
    std::vector<std::string> types{};      ///< one of these; empty: any
    std::vector<std::string> not_types{};  ///< none of these
    std::size_t limit = 20;
};

struct listed_event {
    event_record event;
    ilp::timestamp created_at;
    std::uint32_t attempts = 0;           ///< that failed
    std::optional<ilp::timestamp> due{};  ///< of the next attempt; empty: there will be none
    std::optional<ilp::timestamp> delivered_at{};
};

/// Durable memory of one daemon. Blocking, for one thread at a time: the committer's, once that runs.
class store {
public:
    virtual ~store() = default;

    virtual std::expected<catalogue, store_error> load() = 0;

    /// False for a store that keeps nothing: there is nothing to wait for.
    virtual bool is_durable() const noexcept { return true; }

    /// Writes everything as one transaction, and returns when it would survive a power cut. After a failure that is not
    /// final nobody knows whether it was written: the same changes must come again before any others, and will not be
    /// written twice.
    virtual std::expected<void, store_error> commit(const changes& changes) = 0;

    /// Whether the store can be reached; tries to.
    virtual std::expected<void, store_error> ping() { return {}; }

    /// The transfer that has this UUID, in whatever state; empty: none.
    virtual std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) = 0;

    /// Events that are still to be delivered, the earliest due first; at most `limit`.
    virtual std::expected<std::vector<pending_event>, store_error> load_pending_events(std::size_t limit) = 0;

    virtual std::expected<std::uint64_t, store_error> count_pending_events() = 0;

    /// The transfers that take from (debit) or give to (credit) the account, the newest first; at most `limit`. Its
    /// time depends on the limit, not on how many there are.
    virtual std::expected<std::vector<listed_transfer>, store_error> list_transfers(account_id account,
                                                                                    account_side side,
                                                                                    std::size_t limit) = 0;

    /// A page of events, delivered or not. An unknown uuid in the query: empty.
    virtual std::expected<std::vector<listed_event>, store_error> list_events(const event_query& query) = 0;

    /// The answer that is kept under this key; empty: none.
    virtual std::expected<std::optional<kept_answer>, store_error> find_answer(std::string_view key) = 0;
};

/// Opens what `store.url` names: `sqlite:PATH`, `postgresql://...` or `memory:`. Runs the migrations, and holds the
/// database against a second daemon until the store is destroyed.
std::expected<std::unique_ptr<store>, store_error> open_store(const std::string& url);

/// `url` without what may be secret in it: for logs.
std::string printable_store_url(std::string_view url);

/// Is shown what a store keeps, in one consistent picture.
class book_visitor {
public:
    /// `owner` is for people, such as "liquidity of peer bob"; `asset` is such as "USD/9".
    virtual void account(const account_record& account, std::string_view owner, std::string_view asset) = 0;
    /// One row of the history. Packets of one commit and pair of accounts are one row.
    virtual void transfer(account_id debit, account_id credit, wide_amount amount, transfer_state state) = 0;

protected:
    ~book_visitor() = default;
};

/// Shows the whole book that `url` names: first the accounts, then the transfers. It changes nothing, and works beside
/// a running daemon.
std::expected<void, store_error> read_book(const std::string& url, book_visitor& visitor);

}  // namespace peering
