#pragma once

#include "config/load.hpp"
#include "config/settings.hpp"
#include "connector/routing/forwarding_table.hpp"
#include "connector/routing/payment_addresses.hpp"
#include "connector/routing/router.hpp"
#include "ilp/packet.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/ledger.hpp"
#include "peering/store/store_memory.hpp"
#include "tests/support/known_peers.hpp"
#include "tests/support/ledger_snapshot.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The deciding core and the minimum that it needs: a registry and a ledger in memory, and a clock that only the test
/// moves. Input and output are bytes.
namespace conversation {

using namespace std::chrono_literals;
using connector::reject_reason;
using connector::step;

/// The only fulfillment that the peers of these tests know.
inline constexpr ilp::fulfillment preimage{'k', 'n', 'o', 'w', 'n'};

inline ilp::condition condition_of(const ilp::fulfillment& fulfillment) {
    return ilp::sha256(fulfillment);
}

inline ilp::bytes to_bytes(std::string_view text) {
    const auto octets = ilp::as_bytes(text);
    return {octets.begin(), octets.end()};
}

inline config::asset_settings asset(const std::string& code, std::uint8_t scale, std::uint64_t liquidity = 0) {
    config::asset_settings made;
    made.code = code;
    made.scale = scale;
    made.liquidity = {liquidity};
    return made;
}

inline config::peer_settings peer(const std::string& name, const std::string& code = "USD", std::uint8_t scale = 9,
                                  std::uint64_t liquidity = 1'000'000) {
    config::peer_settings made;
    made.name = name;
    made.ilp_address = ilp::address::parse("test." + name).value();
    made.asset = {code, scale};
    made.liquidity = {liquidity};
    made.http.incoming.auth_tokens = {config::secret{"token-of-" + name}};
    return made;
}

/// A node test.d with the default settings, and with p1, p2 and p3 in one asset, cents in another scale of it, and euro
/// in another currency.
inline config::settings usual_settings() {
    auto settings = config::load_text("ilp_address: test.d", "no file", {}).value();
    settings.assets = {asset("USD", 9, 1'000'000'000'000), asset("USD", 2, 1'000'000), asset("EUR", 9, 1'000'000)};
    settings.peers = {peer("p1"), peer("p2"), peer("p3"), peer("cents", "USD", 2), peer("euro", "EUR")};
    return settings;
}

/// A Prepare in a form that is convenient for tests.
struct prepare {
    std::uint64_t amount = 100;
    std::string destination = "test.p2.receiver";
    ilp::bytes data{};
    std::chrono::milliseconds expires_in = 10s;
    std::optional<ilp::timestamp> expires_at{};  ///< overrides `expires_in`
    ilp::condition condition = condition_of(preimage);
};

struct received_reject {
    std::string code;
    std::string triggered_by;
    std::string message;
    ilp::bytes data;
};

/// The router's decision about one Prepare.
struct decision {
    ilp::bytes body;  ///< the buffer of the request as the router left it
    step what;
    connector::packet_context context;  ///< points into `body`, and into the router until its next decision

    /// "go on", "bad request", "fulfill", or the message of the refusal.
    std::string outcome() const {
        switch (what) {
            case step::go_on:
                return "go on";
            case step::bad_request:
                return "bad request";
            case step::fulfill:
                return "fulfill";
            case step::reject:
                break;
        }
        return std::string{connector::describe(context.reason).message};
    }
    bool refused_with(reject_reason reason) const { return what == step::reject && context.reason == reason; }
    std::string_view to() const { return context.to == nullptr ? "nobody" : context.to->name(); }
    ilp::bytes_view forwarded() const { return context.prepare->bytes(); }
};

class world {
public:
    explicit world(const config::settings& settings = usual_settings())
        : receiver_secrets{connector::make_receiver_secrets(settings.receiving)},
          router{settings.connector, receiver_secrets} {
        known = support::known_peers::build_or_throw(settings, keeper_);
        forwarding_table = std::make_unique<connector::forwarding_table>(
            settings.ilp_address, known->directory->peers(), known->directory->receiving_accounts());
    }

    const peering::peer& peer(std::string_view name) const {
        const peering::peer* const found = forwarding_table->find_by_name(name);
        if (found == nullptr) throw std::invalid_argument{"no peer " + std::string{name}};
        return *found;
    }

    const peering::asset& asset(std::string_view code, std::uint8_t scale) const {
        for (const peering::asset& asset : known->assets()) {
            if (asset.code == code && asset.scale == scale) return asset;
        }
        throw std::invalid_argument{"no asset " + std::string{code}};
    }

    /// Does what an operator's change does. References to the peer's previous version become invalid.
    void set_enabled(std::string_view name, bool enabled) {
        peering::transaction transaction{keeper_, now.wall};
        known->administration->publish_with([this](const peering::terms_update& update, const auto& done) {
            forwarding_table->apply(update.peers);
            forwarding_table->apply(update.receiving_accounts);
            done();
        });
        if (!known->administration->set_enabled(transaction, peer(name).uuid, enabled) ||
            !known->administration->commit(transaction, [] {})) {
            throw std::logic_error{"not done"};
        }
    }

    void pass(std::chrono::milliseconds time) {
        now.wall += time;
        now.steady += time;
    }

    ilp::bytes encode(const prepare& prepare) const {
        ilp::bytes octets;
        ilp::serialize_prepare(octets, {{prepare.amount},
                                        prepare.expires_at.value_or(now.wall + prepare.expires_in),
                                        prepare.condition,
                                        prepare.destination,
                                        prepare.data});
        return octets;
    }

    decision send(std::string_view from, ilp::bytes body) {
        auto [what, context] = router.decide(body, peer(from), *forwarding_table, rates, load, now);
        return {std::move(body), what, context};
    }
    decision send(std::string_view from, const prepare& prepare) { return send(from, encode(prepare)); }

    /// The Reject that a refused sender receives. Throws unless it is canonical.
    received_reject reject_of(const decision& refused) const {
        ilp::bytes octets;
        connector::serialize_reject(octets, refused.context.reason, forwarding_table->own_address(), &refused.context);
        const ilp::bytes sent = octets;
        const auto reject = ilp::reject_view::parse(octets);
        if (!reject || !std::ranges::equal(reject->bytes(), sent)) throw std::logic_error{"not a canonical Reject"};
        return {std::string{reject->code()},
                std::string{reject->triggered_by()},
                std::string{reject->message()},
                {reject->data().begin(), reject->data().end()}};
    }

    std::string code_of(const decision& refused) const { return reject_of(refused).code; }

    /// The router's reply to the next hop's answer. `answer` must outlive the use of the reply.
    connector::reply answer(const decision& forwarded, ilp::bytes_span answer) {
        return router.check_reply(forwarded.context.prepare->condition(), answer);
    }

    void post(const peering::packet_transfer& held) {
        peering::posting_batch batch;
        batch.add(held.legs());
        ledger.apply(batch.postings());
    }
    /// Does what a worker does with a fulfilled packet.
    void post(const decision& held) {
        post(held.context.transfer);
        end(held);
    }
    /// Does what a worker does with a packet that was not fulfilled.
    static void give_back(const decision& held) {
        release(held);
        held.context.limits.give_back_throughput(held.context.incoming_amount, held.context.outgoing_amount, {});
        end(held);
    }
    static void release(const peering::packet_transfer& held) { peering::ledger::release(held.legs()); }
    static void release(const decision& held) { release(held.context.transfer); }

    std::uint64_t available(std::string_view name) const { return peer(name).liquidity->available.load(); }
    std::uint64_t asset_available(std::string_view code, std::uint8_t scale) const {
        return asset(code, scale).liquidity->available.load();
    }

    /// True if no transfer is held and every asset adds up to zero.
    bool at_rest() const {
        std::map<std::uint32_t, peering::wide_amount> sums;
        for (const support::account_balance& account : support::snapshot_of(ledger)) {
            if (account.debits_pending != 0 || account.credits_pending != 0) return false;
            sums[account.asset] += account.posted.credits_posted - account.posted.debits_posted;
        }
        return std::ranges::all_of(sums, [](const auto& sum) { return sum.second == 0; });
    }

    std::shared_ptr<const ilp::stream::receiver_secrets> receiver_secrets;
    connector::router router;
    peering::ledger ledger;
    std::shared_ptr<const support::known_peers> known;
    std::unique_ptr<connector::forwarding_table> forwarding_table;
    connector::rate_table rates;
    connector::load load;
    ilp::instant now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 14} + 15h + 9min + 26s + 535ms,
                     ilp::steady_time{1000h}};

private:
    static void end(const decision& held) {
        peering::taken_limits taken = held.context.limits;
        taken.end(held.context.incoming_amount);
        if (held.context.pool_share != nullptr) *held.context.pool_share -= held.context.outgoing_amount.value;
    }

    peering::memory_store store_;
    peering::thresholds thresholds_;
    peering::bookkeeper keeper_{ledger, store_, thresholds_};
};

inline ilp::bytes fulfill_with(const ilp::fulfillment& fulfillment, ilp::bytes_view data = {}) {
    ilp::bytes octets;
    ilp::serialize_fulfill(octets, fulfillment, data);
    return octets;
}

inline ilp::bytes reject_with(std::string_view code, std::string_view triggered_by = "test.p2",
                              std::string_view message = "", ilp::bytes_view data = {}) {
    ilp::bytes octets;
    ilp::serialize_reject(octets, {code, triggered_by, message, data});
    return octets;
}

}  // namespace conversation
