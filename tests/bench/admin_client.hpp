#pragma once

#include "tests/support/socket.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// Random, because stores are kept from one run to the next and ids must not repeat.
std::string new_uuid();

/// One connection to the Admin API of an ilpd on this machine that accepts unsigned requests.
class admin_client {
public:
    explicit admin_client(std::uint16_t port) : socket_{support::connect_to(port)} {}

    /// The "data" of the response to `document`. Throws if there is no valid response or it contains errors.
    boost::json::object ask(std::string_view document, boost::json::object variables);

private:
    std::string post(std::string_view body);

    support::descriptor socket_;
    std::string received_;
};

}  // namespace bench
