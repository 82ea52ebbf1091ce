#include "peering/admin/endpoint.hpp"

#include "peering/graphql/bounds.hpp"
#include "peering/json/canonical_json.hpp"
#include "peering/json/parse_json.hpp"
#include "peering/json/signature.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <optional>
#include <stdexcept>
#include <string>

namespace endpoint_test {

using namespace peering::admin;
using namespace std::chrono_literals;
namespace graphql = peering::graphql;

namespace {

const ilp::timestamp now{1'718'000'000'123ms};
const std::string tenant = "0000000a-0000-4000-8000-000000000001";
constexpr auto unauthenticated =
    R"(401 {"errors":[{"message":"Unauthenticated","extensions":{"code":"UNAUTHENTICATED"}}]})";

constexpr std::string_view definition = R"(
type Query {
  number(plus: Int = 0): Int!
  broken: Int
}
type Mutation { add(amount: Int!): Int! }
)";

struct counting_context : graphql::context {
    explicit counting_context(int& counted) : executions{counted} {}
    int& executions;
};

graphql::engine make_engine() {
    return {graphql::schema::build(definition, {}).value(),
            {{"Query.number",
              [](const graphql::call& call) -> graphql::field_result {
                  return ++call.with<counting_context>().executions + call.args.get<int>("plus");
              }},
             {"Query.broken", [](const graphql::call&) -> graphql::field_result { throw std::runtime_error{"disk"}; }},
             {"Mutation.add", [](const graphql::call& call) -> graphql::field_result {
                  return ++call.with<counting_context>().executions + call.args.get<int>("amount");
              }}}};
}

/// The parts of a request that a test chooses. Everything else is valid.
struct terms {
    std::string method = "POST";
    std::string target = "/graphql";
    std::string body = R"({"query":"{ number }"})";
    std::optional<std::string> content_type = "application/json";
    std::optional<std::string> accept{};
    std::optional<std::string> signature{};
    std::optional<std::string> tenant_id{};
    std::optional<std::string> host = "127.0.0.1:3001";
    std::optional<std::string> origin{};
};

class server {
public:
    explicit server(std::optional<std::string> secret = std::nullopt,
                    ilp::timestamp started_at = ilp::timestamp::min()) {
        auto settings = config::admin_settings{};
        settings.tenant_id = tenant;
        settings.listen.host = "127.0.0.1";
        settings.hosts = {"ilpd.internal"};
        if (secret) settings.api_secret = config::secret{*secret};
        endpoint_.emplace(engine_, settings, started_at,
                          [this] { return std::make_unique<counting_context>(executions); });
    }

    response ask(const terms& terms, ilp::timestamp at = now) {
        const auto pointer = [](const std::optional<std::string>& header) { return header ? &*header : nullptr; };
        return endpoint_->answer({.method = terms.method,
                                  .target = terms.target,
                                  .host = pointer(terms.host),
                                  .origin = pointer(terms.origin),
                                  .content_type = pointer(terms.content_type),
                                  .accept = pointer(terms.accept),
                                  .signature = pointer(terms.signature),
                                  .tenant_id = pointer(terms.tenant_id),
                                  .body = terms.body},
                                 at);
    }

    /// "STATUS BODY"
    std::string text(const terms& terms, ilp::timestamp at = now) {
        const auto answer = ask(terms, at);
        return std::to_string(answer.status) + " " + answer.body;
    }

    int executions = 0;

private:
    graphql::engine engine_ = make_engine();
    std::optional<endpoint> endpoint_;
};

terms signed_terms(const std::string& body, ilp::timestamp at = now) {
    const auto canonical = *peering::canonical_json(*peering::parse_json(body));
    return {.body = body, .signature = peering::signature_header("s3cret", at, canonical), .tenant_id = tenant};
}

std::string error(unsigned status, const std::string& message, const std::string& code = "BAD_USER_INPUT") {
    return std::to_string(status) + R"( {"errors":[{"message":")" + message + R"(","extensions":{"code":")" + code +
           R"("}}]})";
}

}  // namespace

TEST_CASE("endpoint: paths and methods") {
    server s;
    CHECK(s.text({}) == R"(200 {"data":{"number":1}})");
    CHECK(s.text({.target = "/graphql?a=b"}) == R"(200 {"data":{"number":2}})");
    CHECK(s.text({.method = "GET", .target = "/healthz", .content_type = {}}) == "200 ok");
    for (const char* const other : {"/", "/graphql/", "/GraphQL", "/graphqlx", "/healthz/", "", "*"}) {
        CAPTURE(other);
        CHECK(s.text({.target = other}) == "404 not found: use /graphql or /healthz\n");
    }
    for (const char* const method : {"GET", "PUT", "OPTIONS", "post"}) {
        const auto answer = s.ask({.method = method});
        CHECK(answer.status == 405);
        CHECK(answer.allow == "POST");
    }
    const auto posted = s.ask({.target = "/healthz"});
    CHECK(posted.status == 405);
    CHECK(posted.allow == "GET, HEAD");
    CHECK(s.executions == 2);
}

TEST_CASE("endpoint: only JSON is accepted") {
    server s;
    for (const char* const fine : {"application/json", "Application/JSON", "application/json;charset=utf-8",
                                   "application/json ; Charset=\"UTF-8\"", "application/json; x=y"}) {
        CAPTURE(fine);
        CHECK(s.ask({.content_type = fine}).status == 200);
    }
    const auto executed = s.executions;
    for (const char* const other : {"", "text/plain", "application/jsonx", "application/graphql", "json",
                                    "application/json; charset=latin1", "multipart/form-data; x=application/json"}) {
        CAPTURE(other);
        CHECK(s.text({.content_type = other}) == error(415, "The content type must be application/json."));
    }
    CHECK(s.ask({.content_type = {}}).status == 415);
    CHECK(s.executions == executed);
}

TEST_CASE("endpoint: the newer content type is used if the client prefers it") {
    server s;
    const auto type_for = [&](const char* accept) { return s.ask({.accept = accept}).content_type; };
    const auto plain = std::string{"application/json"};
    const auto newer = std::string{"application/graphql-response+json"};
    CHECK(s.ask({}).content_type == plain);
    for (const char* const accept :
         {"", "*/*", "application/json", "text/html", "application/*",
          "application/json, application/graphql-response+json",
          "application/graphql-response+json;q=0.5, application/json", "application/graphql-response+json;q=0",
          "application/graphql-response+json; q=0.5 ,application/json ;q=0.9", "application/graphql-response+jsonx",
          ";,;q=,q=x"}) {
        CAPTURE(accept);
        CHECK(type_for(accept) == plain);
    }
    for (const char* const accept :
         {"application/graphql-response+json", "Application/GraphQL-Response+JSON; charset=utf-8",
          "application/graphql-response+json, application/json",
          "application/graphql-response+json, application/json;q=0.9",
          "application/json;q=0.1, */*;q=0.2, "
          "application/graphql-response+json;q=0.2",
          "application/graphql-response+json;q=0.1, */*"}) {
        CAPTURE(accept);
        CHECK(type_for(accept) == newer);
    }
    CHECK(s.ask({.body = "{", .accept = newer}).content_type == newer);
}

TEST_CASE("endpoint: a body of another form is refused, and nothing executed") {
    server s;
    const auto answer_to = [&](const char* body) { return s.text({.body = body}); };
    for (const char* const no_json : {"", "{", "query={ number }", "{ number }", R"({"query":"{ number }"}x)", "\xff"})
        CHECK(answer_to(no_json) == error(400, "The body is not JSON."));
    for (const char* const no_object : {"null", "1", "\"{ number }\""})
        CHECK(answer_to(no_object) == error(400, "The body must be a JSON object."));
    for (const char* const batch : {"[]", R"([{"query":"{ number }"}])"})
        CHECK(answer_to(batch) == error(400, "Batches of requests are not supported: send one request at a time."));
    for (const char* const no_query : {"{}", R"({"query":null})", R"({"query":["{ number }"]})", R"({"Query":""})"})
        CHECK(answer_to(no_query) == error(400, R"(The body must have \"query\", a string.)"));
    for (const char* const variables : {"[]", "\"\"", "1", "false"})
        CHECK(s.text({.body = R"({"query":"{ number }","variables":)" + std::string{variables} + "}"}) ==
              error(400, R"(\"variables\" must be an object or null.)"));
    for (const char* const name : {"[]", "{}", "1", "false"})
        CHECK(s.text({.body = R"({"query":"{ number }","operationName":)" + std::string{name} + "}"}) ==
              error(400, R"(\"operationName\" must be a string or null.)"));
    CHECK(s.executions == 0);
}

TEST_CASE("endpoint: 200 is for a document that could be executed, 400 for one that could not") {
    server s;
    const auto answer_to = [&](const char* body) { return s.text({.body = body}); };
    CHECK(answer_to(R"({"query":"{"})").starts_with(R"(400 {"errors":[{"message":"Syntax Error: )"));
    CHECK(answer_to(R"({"query":""})").starts_with("400 "));
    CHECK(answer_to(R"({"query":"{ none }"})").contains("GRAPHQL_VALIDATION_FAILED"));
    CHECK(answer_to(R"({"query":"query A { number }","operationName":"B"})").starts_with("400 "));
    CHECK(answer_to(R"({"query":"query ($a: Int!) { number(plus: $a) }"})").starts_with(R"(200 {"errors":[)"));
    CHECK(s.executions == 0);
    CHECK(answer_to(R"({"query":"query A { number } query B { b: number }","operationName":"B","variables":null})") ==
          R"(200 {"data":{"b":1}})");
    CHECK(answer_to(R"({"query":"query ($a: Int) { number(plus: $a) }","variables":{"a":40},"extensions":{}})") ==
          R"(200 {"data":{"number":42}})");
    CHECK(answer_to(R"({"query":"{ number }","operationName":null})") == R"(200 {"data":{"number":3}})");
    CHECK(answer_to(R"({"query":"{ __typename __schema { queryType { name } } }"})").starts_with(R"(200 {"data":)"));
}

TEST_CASE("endpoint: a document beyond a bound is refused with that bound") {
    server s;
    const auto repeated = [](std::size_t count, const std::string& what) {
        auto text = std::string{};
        for (std::size_t i = 0; i < count; ++i) text += what;
        return text;
    };
    const auto answer_to = [&](const std::string& query) { return s.text({.body = R"({"query":")" + query + "\"}"}); };
    CHECK(answer_to(repeated(graphql::document_size_max, " ") + "{ number }").contains("Document is larger than"));
    CHECK(answer_to("{" + repeated(graphql::token_count_max, "a ") + "}").contains("Document contains more than"));
    CHECK(answer_to(repeated(graphql::nesting_max + 1, "{a") + repeated(graphql::nesting_max + 1, "}"))
              .contains("Document is nested more than"));
    CHECK(answer_to("{ " + repeated(50, "...A ") + "} fragment A on Query { " + repeated(100, "a: number ") + "}")
              .contains("The document asks for more than 4000 fields."));
    CHECK(s.executions == 0);
}

TEST_CASE("endpoint: internal errors go to the log") {
    server s;
    const auto answer = s.ask({.body = R"({"query":"{ broken }"})"});
    CHECK(answer.status == 200);
    CHECK_FALSE(answer.body.contains("disk"));
    REQUIRE(answer.internal_errors.size() == 1);
    CHECK(answer.internal_errors[0] == "Query.broken: disk");
    CHECK(s.ask({}).internal_errors.empty());
}

TEST_CASE("endpoint: without a secret no signature is required, and a wrong tenant is still refused") {
    server s;
    CHECK(s.ask({}).status == 200);
    CHECK(s.ask({.signature = "nonsense", .tenant_id = tenant}).status == 200);
    CHECK(s.executions == 2);
    CHECK(s.text({.tenant_id = "10000000-0000-4000-8000-000000000001"}) == unauthenticated);
    CHECK(s.text({.tenant_id = ""}) == unauthenticated);
    CHECK(s.ask({.tenant_id = ""}).unauthenticated == "the tenant is unknown");
    CHECK(s.executions == 2);
    for (int i = 0; i < 2; ++i) CHECK(s.ask({.body = R"({"query":"mutation { add(amount: 1) }"})"}).status == 200);
}

TEST_CASE("endpoint: with a secret, only signed requests that name the tenant are executed") {
    server s{"s3cret"};
    const auto body = std::string{R"({"query":"{ number }","variables":{"b":1.50,"a":"\u00f6"}})"};
    const auto right = signed_terms(body);
    CHECK(s.text(right) == R"(200 {"data":{"number":1}})");
    auto other_case = signed_terms(body);
    other_case.tenant_id = "0000000A-0000-4000-8000-000000000001";
    CHECK(s.ask(other_case).status == 200);
    s.executions = 0;

    struct wrong {
        const char* why;
        std::function<void(terms&)> change;
    };
    const auto flip_last = [](terms& t) { t.signature->back() = t.signature->back() == '0' ? '1' : '0'; };
    for (const auto& [why, change] : {
             wrong{"the request has no signature", [](terms& t) { t.signature.reset(); }},
             wrong{"the signature is malformed", [](terms& t) { t.signature = ""; }},
             wrong{"the signature is malformed", [](terms& t) { t.signature = "v1=abc"; }},
             wrong{"the signature has an unknown version", [](terms& t) { t.signature->replace(17, 2, "v2"); }},
             wrong{"the signature is wrong", flip_last},
             wrong{"the signature is wrong", [](terms& t) { t.signature->replace(14, 1, "4"); }},
             wrong{"the signature is wrong", [](terms& t) { t.body.replace(t.body.find("1.50"), 4, "1.51"); }},
             wrong{"the signature is wrong", [](terms& t) { t.body = "{}"; }},
             wrong{"the signed body is not JSON", [](terms& t) { t.body = "{"; }},
             wrong{"the request names no tenant", [](terms& t) { t.tenant_id.reset(); }},
             wrong{"the tenant is unknown", [](terms& t) { t.tenant_id->back() = '2'; }},
             wrong{"the tenant is unknown", [](terms& t) { t.tenant_id = ""; }},
         }) {
        for (const char* const document : {"{ number }", "mutation { add(amount: 1) }"}) {
            auto changed = signed_terms(R"({"query":")" + std::string{document} + R"(","variables":{"b":1.50}})");
            change(changed);
            CAPTURE(why, changed.signature.value_or("none"));
            CHECK(s.text(changed) == unauthenticated);
            CHECK(s.ask(changed).unauthenticated == why);
        }
    }
    CHECK(s.executions == 0);
    CHECK(s.text({.method = "GET", .target = "/healthz"}) == "200 ok");
}

TEST_CASE("endpoint: a signature is valid for 30 s in either direction, for queries and mutations") {
    server s{"s3cret"};
    for (const char* const body : {R"({"query":"{ number }"})", R"({"query":"mutation { add(amount: 1) }"})"}) {
        for (const auto& [offset, status] : {std::pair{-30'001ms, 401U}, std::pair{-30'000ms, 200U},
                                             std::pair{30'000ms, 200U}, std::pair{30'001ms, 401U}}) {
            CAPTURE(body, offset.count());
            CHECK(s.ask(signed_terms(body, now + offset)).status == status);
        }
    }
    CHECK(s.executions == 4);
}

TEST_CASE("endpoint: without a secret, a web page cannot use the API, whatever host name it resolves to this machine") {
    server s;
    for (const char* const fine : {"127.0.0.1:3001", "127.0.0.1", "localhost:3001", "LocalHost", "[::1]:3001", "[::1]",
                                   "127.9.9.9:1", "ilpd.internal:80", "ILPD.internal"}) {
        CAPTURE(fine);
        CHECK(s.ask({.host = fine}).status == 200);
        CHECK(s.ask({.host = fine, .origin = std::string{"http://"} + fine}).status == 200);
    }
    const auto executed = s.executions;
    for (const char* const foreign :
         {"evil.example", "evil.example:3001", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1:3001", "",
          "[::2]:3001", "::1", "[::1", "ilpd.internal.evil.example", "0.0.0.0:3001", "127.1:3001"}) {
        CAPTURE(foreign);
        const auto answer = s.ask({.host = foreign});
        CHECK(answer.status == 403);
        CHECK(answer.body.contains("admin.hosts"));
        CHECK(answer.body.contains("FORBIDDEN"));
        CHECK_FALSE(answer.unauthenticated.empty());
    }
    CHECK(s.ask({.host = std::nullopt}).status == 403);
    for (const char* const origin : {"http://evil.example", "null", "", "http://127.0.0.1:8000", "http://127.0.0.1",
                                     "https://127.0.0.1:3001.evil.example", "127.0.0.1:3001"}) {
        CAPTURE(origin);
        const auto answer = s.ask({.host = "127.0.0.1:3001", .origin = origin});
        CHECK(answer.status == 403);
        CHECK(answer.body.contains("Origin"));
    }
    CHECK(s.executions == executed);
    CHECK(s.ask({.origin = "HTTPS://127.0.0.1:3001"}).status == 200);
    CHECK(s.ask({.method = "GET", .target = "/healthz", .host = "evil.example"}).status == 200);
}

TEST_CASE("endpoint: with a secret, the signature authenticates the client, and any host name is accepted") {
    server s{"s3cret"};
    auto sent = signed_terms(R"({"query":"{ number }"})");
    sent.host = "admin.example";
    sent.origin = "http://other.example";
    CHECK(s.ask(sent).status == 200);
}

TEST_CASE("endpoint: unauthenticated clients learn nothing about the document") {
    server s{"s3cret"};
    for (const char* const body : {"{", "[]", "{}", R"({"query":"{"})", R"({"query":"{ none }"})"}) {
        CAPTURE(body);
        CHECK(s.text({.body = body, .tenant_id = tenant}) == unauthenticated);
    }
    CHECK(s.text(signed_terms(R"({"query":"{ none }"})")).contains("GRAPHQL_VALIDATION_FAILED"));
    CHECK(s.text(signed_terms("[]")) ==
          error(400, "Batches of requests are not supported: send one request at a time."));
}

TEST_CASE("endpoint: a number that a signature does not cover completely is refused") {
    server s{"s3cret"};
    const auto with = [](const std::string& number) {
        return R"({"query":"query($n: Int) { number(plus: $n) }","variables":{"n":)" + number + "}}";
    };
    for (const auto* const number : {"9007199254740993", "-9007199254740993", "18446744073709551615"}) {
        CHECK(s.text(signed_terms(with(number))) ==
              error(400, "A signature does not cover all digits of a number above 2^53: send the number as a string."));
    }
    CHECK(s.executions == 0);
    CHECK(s.ask(signed_terms(with("1"))).status == 200);
}

TEST_CASE("endpoint: a signature is good for one mutation, and for any number of queries") {
    server s{"s3cret"};
    const auto query =
        signed_terms(R"({"query":"query A { number } mutation B { add(amount: 1) }","operationName":"A"})");
    for (int i = 0; i < 3; ++i) CHECK(s.ask(query).status == 200);
    CHECK(s.executions == 3);

    const auto mutation = signed_terms(R"({"query":"mutation { add(amount: 1) }"})");
    CHECK(s.text(mutation) == R"(200 {"data":{"add":5}})");
    CHECK(s.text(mutation) == unauthenticated);
    CHECK(s.ask(mutation, now + 30s).unauthenticated == "the signature of this mutation has been used before");
    auto rewritten = mutation;  // equivalent to the signature check, and so to the record of used signatures
    rewritten.body.insert(1, " ");
    rewritten.signature->insert(rewritten.signature->size(), " ,v1=" + std::string(64, 'A'));
    CHECK(s.text(rewritten) == unauthenticated);
    CHECK(s.executions == 4);
    CHECK(s.ask(signed_terms(R"({"query":"mutation { add(amount: 1) }"})", now + 1ms)).status == 200);

    const auto invalid = signed_terms(R"({"query":"mutation { none }"})");
    for (int i = 0; i < 2; ++i) CHECK(s.ask(invalid).status == 400);
}

TEST_CASE("endpoint: a mutation that was signed before the daemon started is refused, because it may be a replay") {
    const auto body = std::string{R"({"query":"mutation { add(amount: 1) }"})"};
    const auto sent = signed_terms(body);
    server before{"s3cret"};
    CHECK(before.ask(sent).status == 200);

    server restarted{"s3cret", now + 1ms};
    CHECK(restarted.text(sent, now + 2ms) == unauthenticated);
    CHECK(restarted.ask(sent, now + 2ms).unauthenticated ==
          "signature of a mutation is older than the start of the daemon; if the clock was set back, restart ilpd");
    CHECK(restarted.executions == 0);
    CHECK(restarted.ask(signed_terms(body, now + 1ms), now + 2ms).status == 200);
    CHECK(restarted.ask(signed_terms(R"({"query":"{ number }"})"), now + 2ms).status == 200);
}

}  // namespace endpoint_test
