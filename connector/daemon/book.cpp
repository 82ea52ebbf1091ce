#include "connector/daemon/book.hpp"

#include "connector/base/log.hpp"
#include "ilp/clock.hpp"
#include "peering/administration/file_terms.hpp"
#include "peering/administration/recovery.hpp"
#include "peering/administration/stored_terms.hpp"
#include "peering/store/sealed_store.hpp"

#include <utility>

namespace connector {
namespace {

void report_health(bool healthy, const std::string& error) {
    if (healthy) {
        log::write(log::level::info, "the store accepts transfers again");
    } else {
        log::write(log::level::error, "the store does not accept transfers; new packets are refused until it does",
                   {{"error", error}});
    }
}

void report_remark(const std::string& text) {
    log::write(log::level::warn, "the store needs attention", {{"remark", text}});
}

}  // namespace

std::optional<std::string> book::open(std::unique_ptr<peering::store> opened, const config::settings& settings,
                                      peering::bookkeeper::event_callback on_events) {
    const auto& key = settings.store.key;
    store = std::make_unique<peering::sealed_store>(
        std::move(opened), key ? *peering::parse_sealing_keys(key->reveal()) : peering::sealing_keys{});
    if (settings.store.url.starts_with("memory:")) {
        log::write(log::level::warn,
                   "store.url is memory: the store keeps nothing, so balances are lost when the daemon stops");
    }
    keeper = std::make_unique<peering::bookkeeper>(ledger, *store, thresholds);
    keeper->keep_events(settings.webhooks.url.has_value());
    keeper->on_events(std::move(on_events));
    if (settings.webhooks.url && store->is_durable())
        keeper->report_incoming_payments(settings.receiving.payment_idle_time);
    committer = std::make_unique<peering::committer>(*keeper);
    committer->on_health_change(report_health);
    for (const std::string& text : store->take_remarks()) report_remark(text);
    committer->on_remark(report_remark);
    transfers = std::make_unique<peering::operator_transfers>(*committer);

    // With many peers, a step may take long enough for the lease of the store to end. What fails here is found later.
    const auto renew_lease = [this] {
        if (!store->tenure()) return;
        [[maybe_unused]] const auto reached = store->ping();
    };
    auto found = store->load();
    if (!found) return found.error().message;
    renew_lease();
    if (auto recovered = peering::recover(*found, directory, *keeper, *transfers, payments); !recovered) {
        return std::move(recovered).error();
    }
    renew_lease();
    if (auto restored = peering::restore_events(*found, *keeper); !restored) {
        return std::move(restored).error().message;
    }
    if (auto reported = peering::report_doubts(*found, *keeper); !reported) return std::move(reported).error().message;
    renew_lease();
    split_outcomes = std::make_shared<peering::split_outcomes>(std::move(found->split_outcomes));
    if (const auto plain = peering::unencrypted_by_default(found->peers); !plain.empty()) {
        log::write(log::level::warn,
                   "packets and tokens of peers that were created before there was TLS go over http:// to a public "
                   "address or a name: give them https:// endpoints, or set allowPlainHttp for each",
                   {{"peers", plain.size()}, {"first", plain.front()}});
    }
    administration.require_hold_times_above(settings.connector.min_expiration_window);
    if (settings.connector.callback_url) administration.allow_asynchronous_mode();
    for (const auto& peer : directory.peers()) {
        if (peer->outgoing.mode != config::answer_mode::asynchronous || settings.connector.callback_url) continue;
        log::write(log::level::warn,
                   "packets to the peer are sent synchronously, although its mode is asynchronous: "
                   "connector.callback_url is not set",
                   {{"peer", std::string{peer->name()}}});
    }
    for (const auto& peer : directory.peers()) {
        if (!peer->max_hold_time || *peer->max_hold_time > settings.connector.min_expiration_window) continue;
        log::write(log::level::warn,
                   "every packet to the peer is refused: its longest hold time is not above "
                   "connector.min_expiration_window",
                   {{"peer", std::string{peer->name()}}});
    }
    const auto notes = peering::take_file(settings, administration, *keeper, ilp::wall_clock(), [] {});
    if (!notes) return notes.error();
    renew_lease();
    for (const std::string& note : *notes) log::write(log::level::warn, note);
    return std::nullopt;
}

}  // namespace connector
