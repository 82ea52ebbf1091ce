#pragma once

#include "config/settings.hpp"
#include "ilp/amount.hpp"
#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "ilp/wall_history.hpp"
#include "peering/administration/administration.hpp"
#include "peering/administration/auto_peering.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/directory/directory.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace peering {

/// An operator's request to peer with the node at a URL.
struct peer_by_url {
    std::string url;
    std::string asset_uuid;
    std::optional<std::string> name{};
    std::optional<ilp::amount> max_packet_amount{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::optional<ilp::amount> liquidity_to_deposit{};
    /// The peer that the operator says is behind the URL. Its terms are renewed even if it was not made from the URL.
    std::optional<std::string> peer_uuid{};
};

/// The request to send to that node.
struct peering_question {
    config::http_endpoint endpoint;
    peering_request request;
    std::optional<config::secret> present_token{};  ///< sent as the bearer token, so that the other node recognizes us
};

/// What is known about the sender of a request besides its contents.
struct peering_sender {
    std::string presented{};  ///< the bearer token that came with the request, or empty
    std::string source{};     ///< the IP address or network from which it came
};

/// Decides who becomes a peer by auto-peering, and what such a peer may change. It uses no socket and no clock.
///
/// A requester claims an ILP address, and the claim cannot be verified. Therefore a stranger cannot get an address that
/// is already routed: neither another peer's address, nor one above or below another peer's or ours. A peer's terms are
/// changed only by a node that presents its current token, and only if it became a peer by auto-peering.
class auto_peers {
public:
    /// `directory` and `administration` must outlive the object.
    auto_peers(const directory& directory, administration& administration, config::auto_peering_settings settings)
        : directory_{directory}, administration_{administration}, settings_{std::move(settings)} {
        wall_.observe(ilp::read_clocks());  // so that it knows of every change since the start
    }

    using peering_result = std::expected<peering_terms, peering_error>;

    /// Makes the requester a peer, or renews its terms. Call it on the committer's thread. `done` is called exactly
    /// once, immediately or later, from any thread: after a success, once packets are handled by the new terms.
    void handle_request(bookkeeper& keeper, const ilp::instant& now, const peering_request& request,
                        const peering_sender& sender, const std::function<void(peering_result)>& done);

    /// Builds the request to send when an operator wants a peer. Any thread.
    std::expected<peering_question, refusal> ask(const peer_by_url& wanted) const;

    /// Ends the message of a refusal that comes after the other node has answered, and so may have changed its own
    /// terms.
    static std::string_view after_its_answer() noexcept;

    /// Makes the node that has answered a peer, or renews the peer that it is. Call it on the committer's thread; the
    /// caller commits. The node may have changed its own terms for us when it answered, and a refusal says so.
    administration::peer_outcome apply_peering_answer(transaction& transaction, const peer_by_url& wanted,
                                                      const peering_question& question, const peering_terms& answer);

    /// Whether URLs may lead to addresses that are not public.
    bool allows_private_addresses() const noexcept { return settings_.allow_private_addresses; }

private:
    struct address_use;

    administration::peer_outcome take(transaction& transaction, const peer_by_url& wanted,
                                      const peering_question& question, const peering_terms& answer);
    administration::peer_outcome renew_from_answer(transaction& transaction, const std::shared_ptr<const peer>& known,
                                                   const peer_by_url& wanted, const peering_question& question,
                                                   const peering_terms& answer);
    peering_result decide(transaction& transaction, const peering_request& request, const peering_sender& sender);
    peering_result renew(transaction& transaction, const peer& known, const peering_request& request,
                         std::string_view presented);
    peering_result create(transaction& transaction, const asset_entry& asset, const peering_request& request,
                          const std::string& source);
    bool has_place(transaction& transaction, const address_use& found, const std::string& source);
    address_use look_up(const ilp::address& address, const asset& asset, std::string_view source = {}) const;
    bool has_token(const peer& peer, std::string_view token) const;
    bool may_add_asset(const peer& namesake, const peering_request& request, std::string_view presented) const;
    std::optional<std::string> display_name_for(const peering_terms& terms) const;
    auto_peered_terms terms_from(std::string url, std::string source) const {
        return {std::move(url), !settings_.allow_private_addresses, std::move(source)};
    }
    bool is_forbidden_url(const std::string& url) const;
    bool needs_tls(const std::string& url, bool allows_plain_http) const;
    bool leads_back(const std::string& url) const;
    bool is_presented_by_us(std::string_view token) const;

    peering_terms own_terms(std::string token) const;

    const directory& directory_;
    administration& administration_;
    const config::auto_peering_settings settings_;
    ilp::wall_history wall_;  // used only by the committer's thread
};

}  // namespace peering
