#pragma once

#include "tests/support/socket.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// One connection to the Admin API of an ilpd on this machine, which takes requests that are not signed.
class admin_client {
public:
    explicit admin_client(std::uint16_t port) : socket_{support::connect_to(port)} {}

    /// What `document` asks for: the answer's "data". Throws when there is no such answer, or an error in it.
    boost::json::object ask(std::string_view document, boost::json::object variables);

private:
    std::string post(std::string_view body);

    support::descriptor socket_;
    std::string received_;
};

}  // namespace bench
