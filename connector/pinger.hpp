#pragma once

#include "peering/admin/services.hpp"
#include "peering/directory.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <string>

namespace connector {

/// Sends one Prepare of amount 0 with the condition of a one-way ping to an address, by the route that packets take, on
/// a connection of its own; waits for the answer. It passes by limits and liquidity: it tells whether the way is open.
/// Any thread but the context's. `next_hop` is where it went.
peering::admin::ping_answer ping(boost::asio::io_context& context, const peering::directory& directory,
                                 const std::string& address, std::chrono::milliseconds patience);

}  // namespace connector
