#pragma once

#include "connector/ilpctl/command_line.hpp"
#include "peering/admin/schema.hpp"
#include "peering/graphql/engine.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <deque>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace connector::ilpctl::testing {

namespace json = boost::json;

struct request {
    std::string field;
    json::object variables;
    retry_hint again;
    std::chrono::milliseconds extra;
};

/// The result of one run of ilpctl.
struct run_result {
    exit_status status;
    std::string out;
    std::string err;
};

/// Returns the answers that the test has given, in order for each field, and checks every request against the schema.
class fake_daemon {
public:
    void will_answer(const documents::document& what, json::value answer) {
        answers_[std::string{what.field}].push_back([answer = std::move(answer)] { return answer; });
    }
    void will_refuse(const documents::document& what, const std::string& message, const std::string& code) {
        answers_[std::string{what.field}].push_back(
            [refusal = failure{exit_status::refused, message, code}]() -> json::value { throw failure{refusal}; });
    }

    run_result run(const std::vector<std::string>& words) {
        auto in = std::istringstream{input_text};
        auto out = std::ostringstream{};
        auto err = std::ostringstream{};
        const auto system = system_interface{
            .variable =
                [this](const std::string& name) {
                    return environment.contains(name) ? optional_text{environment.at(name)} : optional_text{};
                },
            .in = in,
            .out = out,
            .err = err,
            .connect = [this](const daemon_location& where, credentials credentials,
                              std::chrono::milliseconds timeout) -> std::unique_ptr<api> {
                url = where.endpoint.url();
                speaks_tls = where.tls != nullptr;
                who = std::move(credentials);
                waits = timeout;
                return std::make_unique<link>(*this);
            },
            .err_is_terminal = err_is_terminal,
            .out_is_terminal = out_is_terminal,
            .pause =
                [this](std::chrono::milliseconds time) {
                    paused = time;
                    return pauses-- > 0;
                }};
        const auto status = ilpctl::run(words, system);
        return {status, out.str(), err.str()};
    }

    const request& last() const { return requests.back(); }
    /// The input of the last mutation.
    const json::object& input() const { return last().variables.at("input").as_object(); }

    std::map<std::string, std::string> environment;
    std::string input_text;  ///< standard input
    bool err_is_terminal = false;
    bool out_is_terminal = false;
    int pauses = 0;                      ///< how many times the program waits before it shall end
    std::chrono::milliseconds paused{};  ///< how long it has waited the last time
    std::vector<request> requests;
    std::string url;
    bool speaks_tls = false;
    credentials who;
    std::chrono::milliseconds waits{};

private:
    struct link : api {
        explicit link(fake_daemon& daemon) : daemon{daemon} {}
        json::value ask(const documents::document& what, json::object variables, const retry_hint& again,
                        std::chrono::milliseconds extra) override {
            return daemon.answer(what, std::move(variables), again, extra);
        }
        fake_daemon& daemon;
    };

    json::value answer(const documents::document& what, json::object variables, const retry_hint& again,
                       std::chrono::milliseconds extra) {
        auto nothing = peering::graphql::context{};
        const auto result = engine_.run(what.text, "", variables, nothing);
        INFO(json::serialize(variables));
        INFO(json::serialize(result.body));
        CHECK(result.reached == peering::graphql::progress::executed);
        requests.push_back({std::string{what.field}, std::move(variables), again, extra});
        auto& answers = answers_[std::string{what.field}];
        if (answers.empty())
            throw failure{exit_status::refused, "the test has no answer to " + std::string{what.field}};
        const auto next = std::move(answers.front());
        answers.pop_front();
        return next();
    }

    peering::graphql::engine engine_{peering::admin::load_schema(), {}};
    std::map<std::string, std::deque<std::function<json::value()>>> answers_;
};

inline constexpr auto bob_id = "0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3";
inline constexpr auto carol_id = "f7a2b0de-6f3a-4a1b-8f4a-9a6a2a7a5c11";
inline constexpr auto usd_id = "3cd1b4ec-6b37-4e42-9d6b-8b6cfa5e3d84";

inline json::object asset_answer(const std::string& code = "USD", int scale = 9) {
    return {{"id", usd_id},
            {"code", code},
            {"scale", scale},
            {"liquidity", "5000000000"},
            {"liquidityThreshold", "1000000000"},
            {"withdrawalThreshold", nullptr},
            {"origin", "API"},
            {"createdAt", "2026-08-01T12:00:00.000Z"},
            {"tenant", {{"id", "t"}, {"publicName", nullptr}}}};
}

inline json::object peer_answer(const std::string& name = "bob", const std::string& id = bob_id) {
    return {{"id", id},
            {"name", name},
            {"staticIlpAddress", "test." + name},
            {"asset", {{"id", usd_id}, {"code", "USD"}, {"scale", 9}}},
            {"enabled", true},
            {"origin", "API"},
            {"liquidity", "12500000000"},
            {"liquidityThreshold", nullptr},
            {"maxPacketAmount", "1000000"},
            {"maxInFlightAmount", nullptr},
            {"maxHoldMilliseconds", nullptr},
            {"split", nullptr},
            {"splitAccepted", nullptr},
            {"routes", {"test." + name, ""}},
            {"http", {{"outgoing", {{"endpoint", "http://127.0.0.1:4002/"}, {"authToken", "t0ken"}}}}},
            {"transport",
             {{"clientKeys", json::array{}},
              {"caCertificates", nullptr},
              {"allowPlainHttp", false},
              {"protocol", "AUTO"},
              {"mode", "SYNCHRONOUS"}}},
            {"createdAt", "2026-08-01T12:00:00.000Z"},
            {"tenant", {{"id", "t"}, {"publicName", nullptr}}},
            {"reachability",
             {{"state", "UNKNOWN"},
              {"since", nullptr},
              {"lastAnswerAt", nullptr},
              {"lastError", nullptr},
              {"lastErrorAt", nullptr},
              {"roundTripMs", nullptr}}},
            {"amountInDoubt", nullptr}};
}

inline json::object unreachable_answer() {
    return {{"state", "UNREACHABLE"},
            {"since", "2026-08-01T12:10:00.000Z"},
            {"lastAnswerAt", "2026-08-01T12:09:59.000Z"},
            {"lastError", "peer is unreachable: Connection refused"},
            {"lastErrorAt", "2026-08-01T12:11:00.000Z"},
            {"roundTripMs", 1.26}};
}

inline json::object page_answer(const std::vector<json::object>& nodes, bool has_more = false) {
    auto edges = json::array{};
    for (const auto& node : nodes) edges.push_back(json::object{{"node", node}});
    return {{"edges", std::move(edges)},
            {"pageInfo",
             {{"endCursor", nodes.empty() ? json::value{} : nodes.back().at("id")}, {"hasNextPage", has_more}}}};
}

}  // namespace connector::ilpctl::testing
