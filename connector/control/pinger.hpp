#pragma once

#include "peering/admin/services.hpp"
#include "peering/directory/directory.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <string>

namespace connector {

/// Sends one Prepare of amount 0 with the condition of the one-way ping to an address, on the route that packets would
/// take but on a connection of its own, and waits for the answer. It bypasses limits and liquidity, as it only tests
/// whether the address can be reached. Call it from any thread except the context's. `next_hop` of the answer is the
/// peer that it was sent to.
peering::admin::ping_answer ping(boost::asio::io_context& context, const peering::directory& directory,
                                 const std::string& address, std::chrono::milliseconds timeout);

}  // namespace connector
