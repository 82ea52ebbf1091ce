#pragma once

#include "tests/support/fake_peer.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace integration {

/// Receives the webhooks of a daemon, and reads those about payments that have arrived. Declare it before the daemon.
class payment_events {
public:
    /// Of the daemon's section `webhooks`.
    std::vector<std::string> settings() const {
        return {"url: \"http://127.0.0.1:" + std::to_string(receiver_.port()) + "/\""};
    }

    /// The data of each event, once however often it was posted.
    std::vector<boost::json::object> all() const {
        std::map<std::string, boost::json::object> by_id;
        for (const support::http_message& request : receiver_.requests()) {
            const auto text = ilp::as_text(request.body);
            const auto event = boost::json::parse(boost::json::string_view{text.data(), text.size()}).as_object();
            if (event.at("type") != "incoming_payment.completed") continue;
            by_id.emplace(event.at("id").as_string(), event.at("data").as_object());
        }
        std::vector<boost::json::object> events;
        for (auto& [id, data] : by_id) events.push_back(std::move(data));
        return events;
    }

    static std::uint64_t amount_of(const boost::json::object& data) {
        return std::stoull(std::string{data.at("receivedAmount").at("value").as_string()});
    }
    /// The sum of what was reported.
    std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const auto& each : all()) sum += amount_of(each);
        return sum;
    }

private:
    support::fake_peer receiver_{[](const support::http_message&) { return support::answer_http(200); }};
};

}  // namespace integration
