#include "peering/spsp/spsp_query.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace spsp_query_test {

using peering::answer_spsp;
using peering::spsp_query;
using peering::spsp_response;

namespace {

constexpr std::string_view spsp = "application/spsp4+json, application/spsp+json";

/// Knows alice and bob, and notes who was asked for.
struct receivers {
    std::vector<std::string> asked_for{};

    spsp_response answer(const spsp_query& query, std::string_view default_account = "alice") {
        return answer_spsp(query, default_account, [this](std::string_view account) {
            asked_for.emplace_back(account);
            std::optional<peering::spsp_details> details;
            if (account == "alice" || account == "bob")
                details = {.destination = ilp::address::parse("test.d." + std::string{account}).value()};
            return details;
        });
    }
    unsigned status(std::string_view target, std::string_view accept = spsp, std::string_view method = "GET") {
        return answer({method, target, accept}).status;
    }
};

std::string header(const spsp_response& response, std::string_view name) {
    const auto found = std::ranges::find(response.headers, name, &std::pair<std::string, std::string>::first);
    return found == response.headers.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("A09-02 A26-04: a GET is answered with the details of a payment to the account in the path") {
    receivers all;
    const auto answer = all.answer({"GET", "/bob", spsp});
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "application/spsp4+json");
    CHECK(peering::parse_spsp_answer(answer.body)->destination.text() == "test.d.bob");
    CHECK(all.asked_for == std::vector<std::string>{"bob"});
}

TEST_CASE("A09-02: the well-known path is that of the account of the setting") {
    receivers all;
    CHECK(all.answer({"GET", "/.well-known/pay", spsp}).body.contains("test.d.alice"));
    CHECK(all.answer({"GET", "/.well-known/pay", spsp}, "bob").body.contains("test.d.bob"));
    CHECK(all.answer({"GET", "/.well-known/pay", spsp}, "").status == 404);
    CHECK(all.answer({"GET", "/.well-known/pay", spsp}, "carol").status == 404);
}

TEST_CASE("A09-01: other methods than GET are refused") {
    receivers all;
    for (const char* const method : {"POST", "PUT", "DELETE", "PURGE"}) {
        const auto answer = all.answer({method, "/alice", spsp});
        CHECK(answer.status == 405);
        CHECK(header(answer, "Allow") == "GET, HEAD, OPTIONS");
    }
    CHECK(all.asked_for.empty());
}

TEST_CASE("A09-07: an unknown receiver is 404, in the form of RFC 9") {
    receivers all;
    for (const char* const target : {"/carol", "/", "/alice/", "//alice", "/alice/bob", "/.well-known/pay/", "alice",
                                     "/.well-known", "/%61lice", "/Alice"}) {
        CAPTURE(target);
        const auto answer = all.answer({"GET", target, spsp});
        CHECK(answer.status == 404);
        CHECK(answer.content_type == "application/spsp4+json");
        CHECK(answer.body == R"({"id":"InvalidReceiverError","message":"there is no receiver at this path"})");
    }
}

TEST_CASE("A09-08: web pages may ask, with GET and OPTIONS") {
    receivers all;
    for (const auto& [method, target, status] : std::vector<std::tuple<std::string, std::string, unsigned>>{
             {"GET", "/alice", 200}, {"GET", "/carol", 404}, {"OPTIONS", "/alice", 200}, {"OPTIONS", "/", 200}}) {
        const auto answer = all.answer({method, target, spsp});
        CHECK(answer.status == status);
        CHECK(header(answer, "Access-Control-Allow-Origin") == "*");
        CHECK(header(answer, "Access-Control-Allow-Headers") == "web-monetization-id");
        CHECK((header(answer, "Access-Control-Allow-Methods") == "GET") == (method == "OPTIONS"));
    }
    CHECK(all.answer({"OPTIONS", "/alice", ""}).body.empty());
}

TEST_CASE("A09-09: who accepts no type of SPSP gets 406") {
    receivers all;
    for (const char* const accept :
         {"", "*/*", "text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json", "application/*",
          "application/spsp4+json;q=0", "application/spsp4+json; q=0.0", "application/spsp4+jsonx", "spsp4+json",
          "xapplication/spsp4+json", ",", ";", "application/spsp5+json"}) {
        CAPTURE(accept);
        const auto answer = all.answer({"GET", "/alice", accept});
        CHECK(answer.status == 406);
        CHECK(answer.content_type == "text/plain");
        CHECK(answer.body.contains("Accept: application/spsp4+json"));
    }
    CHECK(all.asked_for.empty());
    for (const char* const accept :
         {"application/spsp4+json", "application/spsp+json", "application/json, application/spsp4+json",
          "APPLICATION/SPSP4+JSON", " application/spsp4+json ;q=0.1", "text/html,application/spsp4+json;v=1;q=1",
          "application/spsp4+json;q=0,application/spsp+json"}) {
        CAPTURE(accept);
        CHECK(all.status("/alice", accept) == 200);
    }
}

TEST_CASE("a query of an SPSP URL is refused, as RFC 9 requires") {
    receivers all;
    for (const char* const target : {"/alice?", "/alice?amount=1", "/.well-known/pay?x", "/?"}) {
        CHECK(all.status(target) == 400);
    }
    CHECK(all.asked_for.empty());
}

}  // namespace spsp_query_test
