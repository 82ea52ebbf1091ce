#pragma once

#include "config/http_endpoint.hpp"
#include "connector/base/address_guard.hpp"
#include "connector/tls/tls_context.hpp"
#include "peering/spsp/payment_pointer.hpp"
#include "peering/spsp/spsp_message.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace connector {

struct spsp_call {
    config::http_endpoint endpoint;             ///< of the receiver: see peering::parse_payment_pointer
    std::chrono::milliseconds timeout{10'000};  ///< for the answer and all redirects together
    peering::redirect_scope redirects = peering::redirect_scope::same_host;
    /// Decides whether an address may be connected to, of each host that is asked; if empty, every one may.
    std::function<bool(const boost::asio::ip::address&)> may_connect = is_public;
    std::shared_ptr<const tls_context> tls{};  ///< must be there if the endpoint is https://
};

/// This is what a sender needs to pay a receiver, and the endpoint that said so.
struct spsp_found {
    peering::spsp_details details;
    config::http_endpoint endpoint;  ///< that has answered: with redirects perhaps another than the one that was asked
};

inline constexpr int spsp_redirects_max = 3;

/// Asks an SPSP endpoint for the details of one payment (RFC 9). `done` is called once, from the context and never
/// before query_spsp() returns. The error is a sentence for whoever wants to pay, and contains nothing that the
/// endpoint has chosen but a URL that has been checked, and printable names from its certificate.
void query_spsp(boost::asio::io_context& context, spsp_call call,
                std::function<void(std::expected<spsp_found, std::string>)> done);

}  // namespace connector
