#pragma once

#include "peering/administration/administration.hpp"
#include "peering/administration/auto_peers.hpp"
#include "peering/book/committer.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <expected>

namespace connector {

/// Asks other nodes to become our peers. The calls block: for up to `answer_timeout` on the network and as long again
/// on the store. Never make them on the control loop or the committer's thread.
class auto_peering_client {
public:
    static constexpr std::chrono::milliseconds answer_timeout{10'000};

    /// All three arguments must outlive this object.
    auto_peering_client(boost::asio::io_context& control, peering::committer& committer,
                        peering::auto_peers& auto_peers)
        : control_{control}, committer_{committer}, auto_peers_{auto_peers} {}

    peering::administration::peer_outcome create_or_update(const peering::peer_by_url& wanted);

    /// Performs only the first part of create_or_update(): returns the terms that the node at the URL answers with.
    /// auto_peers::apply_peering_answer() decides what to do with them.
    std::expected<peering::peering_terms, peering::refusal> answer_to(const peering::peering_question& question);

private:
    boost::asio::io_context& control_;
    peering::committer& committer_;
    peering::auto_peers& auto_peers_;
};

}  // namespace connector
