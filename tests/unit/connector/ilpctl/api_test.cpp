#include "connector/ilpctl/api.hpp"

#include "connector/ilpctl/failure.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace api_test {

using namespace connector::ilpctl;

namespace {

const retry_hint again{.id = "the-id", .idempotency_key = "the-key"};

failure refused(unsigned status, std::string body, bool is_signed = true) {
    try {
        read_reply(documents::status, {status, std::move(body)}, again, is_signed);
    } catch (const failure& failure) {
        return failure;
    }
    FAIL("it was taken");
    throw std::logic_error{"not reached"};
}

}  // namespace

TEST_CASE("ilpctl api: the body is canonical JSON") {
    CHECK(request_body({"b", "{ b }"}, {{"z", 1}, {"a", "x"}}) == R"({"query":"{ b }","variables":{"a":"x","z":1}})");
}

// printf '1718000000123.{"query":"{ b }","variables":{}}' | openssl dgst -sha256 -hmac s3cret
TEST_CASE("ilpctl api: a request is signed when there is a secret") {
    const ilp::timestamp time{std::chrono::milliseconds{1'718'000'000'123}};
    const auto body = request_body({"b", "{ b }"}, {});
    const auto signed_one = request_headers({config::secret{"s3cret"}, "the-tenant"}, body, time);
    CHECK(signed_one ==
          header_list{
              {"Content-Type", "application/json"},
              {"Accept", "application/json"},
              {"signature", "t=1718000000123, v1=a0964640084b50d83e532ce8ab677bb067185c8f8539b45461bc9054e53ac653"},
              {"tenant-id", "the-tenant"}});
    const auto unsigned_one = request_headers({std::nullopt, "the-tenant"}, body, time);
    CHECK(unsigned_one == header_list{{"Content-Type", "application/json"}, {"Accept", "application/json"}});
}

TEST_CASE("ilpctl api: the result is the field of data that has the document's name") {
    const auto answer = read_reply(documents::status, {200, R"({"data":{"node":{"peers":3}}})"}, {}, false);
    CHECK(answer.at("peers").to_number<int>() == 3);
    CHECK(read_reply(documents::status, {200, R"({"data":{"node":null},"errors":[]})"}, {}, false).is_null());
}

TEST_CASE("ilpctl api: an error is reported with its code") {
    const auto failure = refused(
        200,
        R"({"data":null,"errors":[{"message":"unknown peer","extensions":{"code":"NOT_FOUND"}},{"message":"\u001b"}]})");
    CHECK(failure.status() == exit_status::refused);
    CHECK(failure.what() == std::string{"unknown peer (NOT_FOUND)\n\\x1b"});
    CHECK(failure.code() == "NOT_FOUND");
    CHECK(refused(400, R"({"errors":[{"message":"no","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]})").status() ==
          exit_status::refused);
    CHECK(refused(200, R"({"errors":[1]})").status() == exit_status::refused);
}

TEST_CASE("ilpctl api: an error with an unknown outcome says how to repeat the command") {
    const auto open = refused(200, R"({"errors":[{"message":"late","extensions":{"code":"TIMEOUT"}}]})");
    CHECK(std::string{open.what()}.contains("--id the-id --idempotency-key the-key"));
}

TEST_CASE("ilpctl api: the outcome of a request to a stopping daemon is known, as nothing was done") {
    const auto stopping =
        refused(503, R"({"errors":[{"message":"stopping","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]})");
    CHECK(stopping.status() == exit_status::refused);
    CHECK(stopping.what() == std::string{"stopping (INTERNAL_SERVER_ERROR)"});
}

TEST_CASE("ilpctl api: an authentication failure says what to check") {
    CHECK(refused(401, "").status() == exit_status::unauthenticated);
    CHECK(std::string{refused(401, "", true).what()}.contains("clock"));
    CHECK(std::string{refused(401, "", false).what()}.contains("--secret-file"));
    CHECK(refused(200, R"({"errors":[{"message":"?","extensions":{"code":"UNAUTHENTICATED"}}]})").status() ==
          exit_status::unauthenticated);
}

TEST_CASE("ilpctl api: a response that is not from an Admin API is an error") {
    for (const auto* body : {"", "<html>", "[]", "{}", R"({"data":null})", R"({"data":{}})", R"({"errors":{}})"}) {
        INFO(body);
        CHECK(refused(200, body).status() == exit_status::no_answer);
    }
    CHECK(refused(404, "not found").status() == exit_status::no_answer);
    CHECK(std::string{refused(404, "not found").what()}.starts_with(
        "this server is not an Admin API: HTTP status 404; does the URL end in /graphql? (--url or ILPCTL_URL)"));
    CHECK(std::string{refused(400, "this port speaks TLS: use https://\n").what()}.starts_with(
        "this server is not an Admin API: HTTP status 400; does the server expect https://? (--url or ILPCTL_URL)"));
    CHECK(refused(502, R"({"data":{"node":{}}})").status() == exit_status::no_answer);
    CHECK(std::string{refused(502, "").what()}.contains("--idempotency-key the-key"));
}

}  // namespace api_test
