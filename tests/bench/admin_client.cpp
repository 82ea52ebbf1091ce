#include "tests/bench/admin_client.hpp"

#include "tests/bench/wire.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <random>
#include <stdexcept>
#include <utility>

namespace bench {

std::string new_uuid() {
    static std::random_device random;
    const auto group = [](std::uint32_t mask, std::uint32_t fixed) { return (random() & mask) | fixed; };
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:08x}{:04x}", group(0xffff'ffff, 0), group(0xffff, 0),
                       group(0x0fff, 0x4000), group(0x3fff, 0x8000), group(0xffff'ffff, 0), group(0xffff, 0));
}

boost::json::object admin_client::ask(std::string_view document, boost::json::object variables) {
    const boost::json::object body{{"query", document}, {"variables", std::move(variables)}};
    const std::string text = post(boost::json::serialize(body));
    auto answer = boost::json::parse(text).as_object();
    if (answer.contains("errors")) throw std::runtime_error{"the Admin API answers: " + text};
    return std::move(answer.at("data").as_object());
}

std::string admin_client::post(std::string_view body) {
    const auto request = fmt::format(
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.size(), body);
    if (!support::send_all(socket_, request)) throw std::runtime_error{"the Admin API has closed its connection"};
    for (;;) {
        const auto head = read_head(received_);
        if (!head) throw std::runtime_error{fmt::format("the Admin API: {}", head.error())};
        if (*head && received_.size() >= (*head)->head_size + (*head)->body_size) {
            std::string answer = received_.substr((*head)->head_size, (*head)->body_size);
            received_.erase(0, (*head)->head_size + (*head)->body_size);
            return answer;
        }
        if (support::read_some(socket_, received_, support::patience) != support::read_result::data) {
            throw std::runtime_error{"the Admin API does not answer"};
        }
    }
}

}  // namespace bench
