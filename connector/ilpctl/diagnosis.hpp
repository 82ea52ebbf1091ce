#pragma once

#include "connector/ilpctl/amount_text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// `ilpctl doctor` draws its conclusions here, from answers of the Admin API that it has been given.
namespace connector::ilpctl {

enum class verdict : std::uint8_t {
    good,
    unknown,  ///< it could not be checked
    warning,  ///< packets pass, but not as somebody would expect
    fault,    ///< packets do not pass
};
std::string_view to_text(verdict verdict) noexcept;

struct finding {
    ilpctl::verdict verdict{};
    std::string subject;
    std::string text;
    std::string advice{};  ///< what to do; empty if nothing has to be done
};

/// The facts, as objects of the API's types.
struct peer_facts {
    const boost::json::object& node;         ///< a Node
    const boost::json::object& peer;         ///< a Peer
    const boost::json::value& route;         ///< the Route of the peer's address, or null
    const boost::json::object& examination;  ///< an ExaminePeerResponse
};

/// The findings about a peer in the order in which an operator would look at them.
std::vector<finding> diagnose(const peer_facts& facts, amount_form form);

}  // namespace connector::ilpctl
