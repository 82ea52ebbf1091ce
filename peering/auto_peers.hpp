#pragma once

#include "config/settings.hpp"
#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "peering/administration.hpp"
#include "peering/auto_peering.hpp"
#include "peering/directory.hpp"
#include "peering/refusal.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace peering {

/// What an operator wants of a node that is to be asked.
struct peer_by_url {
    std::string url;
    std::string asset_uuid;
    std::optional<std::string> name{};
    std::optional<ilp::amount> max_packet_amount{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::optional<ilp::amount> liquidity_to_deposit{};
};

/// What is sent to that node.
struct peering_question {
    config::http_endpoint endpoint;
    peering_request request;
    std::optional<config::secret> present_token{};  ///< as bearer token: by it the other side knows us
};

/// Decides who becomes a peer by auto-peering, and what a peer that did may change. No socket, no clock.
///
/// Whoever asks claims an address, and nobody can check it. So a stranger gets none that has a way already: none that
/// another peer has, and none above or below it or us. What a peer has is changed by its own present token alone, and
/// only of a peer that came by auto-peering.
class auto_peers {
public:
    /// Both must outlive it.
    auto_peers(const directory& directory, administration& administration, config::auto_peering_settings settings)
        : directory_{directory}, administration_{administration}, settings_{std::move(settings)} {}

    using answer = std::expected<peering_terms, peering_error>;

    /// Takes the asker on, or renews its terms. `presented` is the bearer token that came with the request, or empty.
    /// On the committer's thread. `done` is called once, then or later, from any thread: when packets go by the new
    /// terms.
    void take_on(bookkeeper& keeper, ilp::timestamp now, const peering_request& request, std::string_view presented,
                 const std::function<void(answer)>& done);

    /// What to send when the operator wants a peer. Any thread.
    std::expected<peering_question, refusal> ask(const peer_by_url& wanted) const;

    /// Makes a peer of the node that has answered, or renews one that was made from the same URL. On the committer's
    /// thread; the caller commits.
    administration::peer_outcome settle(transaction& transaction, const peer_by_url& wanted,
                                        const peering_question& question, const peering_terms& answer);

    /// As administration::commit().
    std::expected<void, store_error> commit(transaction& transaction, std::function<void()> done) {
        return administration_.commit(transaction, std::move(done));
    }

    /// Whether URLs may lead to addresses that are not public.
    bool allows_private_addresses() const noexcept { return settings_.allow_private_addresses; }

private:
    struct standing;

    answer decide(transaction& transaction, const peering_request& request, std::string_view presented);
    answer renew(transaction& transaction, const peer& known, const peering_request& request,
                 std::string_view presented);
    answer create(transaction& transaction, const asset_entry& asset, const peering_request& request);
    standing look_up(const ilp::address& address, const asset& asset) const;
    bool owns(const peer& peer, std::string_view token);
    std::optional<std::string> name_to_show(const peering_terms& terms) const;
    auto_peered_terms terms_from(std::string url) const { return {std::move(url), !settings_.allow_private_addresses}; }
    bool leads_astray(const std::string& url) const;

    peering_terms own_terms(std::string token) const;

    const directory& directory_;
    administration& administration_;
    const config::auto_peering_settings settings_;
};

}  // namespace peering
