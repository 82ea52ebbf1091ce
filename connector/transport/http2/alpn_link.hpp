#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/transport/http/http_link.hpp"
#include "connector/transport/http/next_hop.hpp"
#include "connector/transport/http/request_link.hpp"
#include "connector/transport/http2/flood_counts.hpp"
#include "connector/transport/http2/http2_link.hpp"
#include "connector/transport/http2/version_choice.hpp"
#include "connector/transport/link.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace connector {

/// ILP over HTTP to a peer at an https:// endpoint, in the version that the peer chooses in the handshake (ALPN).
///
/// Two links share the work, and one of them gets the new packets. Connections of the one for HTTP/2 offer both
/// versions, so each asks the peer anew. If the peer chooses HTTP/1.1, the link for that gets the connection, and it is
/// used as long as it has connections; meanwhile, the question is repeated at times (see version_choice). If HTTP/2 has
/// failed, HTTP/1.1 is used for a time, unless it fails as well.
///
/// Each packet has one owner, the link that has accepted it, which brings about its outcome without the other one. It
/// changes in one direction only: while HTTP/1.1 is used, its link gets the packets that wait for HTTP/2, or that were
/// certainly not processed over it. Other packets stay with their connection, so a change of the version neither loses
/// nor repeats one.
class alpn_link final : public request_link, private http2_link::alternative {
public:
    /// `loop` and `floods` must outlive the link. `ask_again_after` is the time after which a peer that has chosen
    /// HTTP/1.1 is asked again.
    alpn_link(event_loop& loop, std::shared_ptr<next_hop> hop, http2::flood_counts& floods,
              std::chrono::milliseconds ask_again_after);

    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) override;
    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view body, const request_form& form) override;
    std::optional<reject_reason> send_parts(carried_packet& packet, ilp::bytes_view prepare,
                                            const parting& how) override;
    std::optional<reject_reason> ask_outcome(carried_packet& question, const peering::split_id& of) override;
    std::optional<reject_reason> withdraw(carried_packet& packet) override;
    void forget(carried_packet& packet) override;
    std::size_t connection_count() const noexcept override {
        return http1_.connection_count() + http2_.connection_count();
    }
    std::size_t waiting_count() const noexcept override { return http1_.waiting_count() + http2_.waiting_count(); }
    std::string_view trouble() const noexcept override { return hop_->trouble(); }
    void retire() override;
    bool is_done() const noexcept override { return http1_.is_done() && http2_.is_done(); }

private:
    // http2_link::alternative
    void chose_http2() override;
    void chose_http1(tcp_connection& connection) override;
    bool connect_failed(std::string_view why, bool was_connected) override;
    void refused_http2() override;
    void ended(bool was_of_use) override;
    bool take(carried_packet& packet, ilp::bytes_view prepare, const request_form* form) override;

    void ask_again_if_due();
    bool has_http1() const noexcept { return http1_.connection_count() != 0 || http1_.waiting_count() != 0; }
    void use_http1(tcp_connection* connection);
    void avoid_http2(std::string_view why);

    event_loop& loop_;
    const std::shared_ptr<next_hop> hop_;
    version_choice choice_;
    bool uses_http1_ = false;  ///< the next packet goes over HTTP/1.1
    http_link http1_;
    http2_link http2_;
};

}  // namespace connector
