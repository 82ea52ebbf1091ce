#pragma once

#include "connector/control/call_limit.hpp"
#include "connector/tls/tls_context.hpp"
#include "peering/administration/auto_peering.hpp"
#include "peering/administration/auto_peers.hpp"
#include "peering/administration/refusal.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <expected>
#include <memory>
#include <utility>

namespace connector {

/// Asks other nodes to become our peers. A call blocks for up to `answer_timeout`: never make it on the control loop or
/// the committer's thread.
class auto_peering_client {
public:
    static constexpr std::chrono::milliseconds answer_timeout{10'000};
    static constexpr int questions_max = 2;  ///< at a time

    /// The first two arguments must outlive this object. `tls` is for https:// URLs.
    auto_peering_client(boost::asio::io_context& control, const peering::auto_peers& auto_peers,
                        std::shared_ptr<const tls_context> tls)
        : control_{control}, auto_peers_{auto_peers}, tls_{std::move(tls)} {}

    /// For the calls from now on. Call it on the control loop.
    void use_tls(std::shared_ptr<const tls_context> tls) noexcept { tls_ = std::move(tls); }

    /// Returns the terms that the node answers with. auto_peers::apply_peering_answer() decides what to do with them.
    /// If `questions_max` are in progress, a further one is refused at once.
    std::expected<peering::peering_terms, peering::refusal> answer_to(const peering::peering_question& question);

private:
    boost::asio::io_context& control_;
    const peering::auto_peers& auto_peers_;
    std::shared_ptr<const tls_context> tls_;  ///< used on the control loop only
    call_limit limit_{questions_max};
};

}  // namespace connector
