#include "peering/admin/endpoint.hpp"

#include "peering/admin/host_check.hpp"
#include "peering/json/media_type.hpp"
#include "peering/json/parse_json.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace peering::admin {
namespace {

namespace json = boost::json;

constexpr std::string_view json_type = "application/json";
constexpr std::string_view graphql_type = "application/graphql-response+json";

std::string lower(std::string_view text) {
    auto result = std::string{text};
    to_lower_case(result);
    return result;
}

/// Splits at each separator and trims white space from the parts. JSON media types contain no quoted separators.
std::vector<std::string_view> split(std::string_view text, char separator) {
    auto parts = std::vector<std::string_view>{};
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(separator, at), text.size());
        parts.push_back(trimmed(text.substr(at, end - at)));
        at = end + 1;
    }
    return parts;
}

/// One entry of an Accept header, such as `application/json;q=0.9`.
struct accepted {
    std::string_view type;
    double weight = 1;
};

std::vector<accepted> parse_accept(std::string_view header) {
    auto result = std::vector<accepted>{};
    for (const auto entry : split(header, ',')) {
        const auto parts = split(entry, ';');
        auto one = accepted{parts.front()};
        for (const auto part : parts)
            if (part.starts_with("q=")) std::from_chars(part.data() + 2, part.data() + part.size(), one.weight);
        result.push_back(one);
    }
    return result;
}

/// Chooses the newer media type if the client names it and does not prefer plain JSON; with equal weights, the first
/// one wins. A client that accepts neither gets JSON, since any answer is better than none.
std::string_view answer_type(const std::string* accept) {
    if (accept == nullptr) return json_type;
    const auto written = lower(*accept);
    const auto entries = parse_accept(written);
    const auto newer = std::ranges::find(entries, graphql_type, &accepted::type);
    if (newer == entries.end() || newer->weight <= 0) return json_type;
    const auto plain = std::ranges::find(entries, json_type, &accepted::type);
    if (plain == entries.end() || newer->weight > plain->weight) return graphql_type;
    return newer->weight == plain->weight && newer < plain ? graphql_type : json_type;
}

std::string errors_of(std::string_view message, std::string_view code) {
    const auto text = [](std::string_view view) { return json::string_view{view.data(), view.size()}; };
    return json::serialize(
        json::object{{"errors", {{{"message", text(message)}, {"extensions", json::object{{"code", text(code)}}}}}}});
}

/// The request body, once its form has been checked.
struct posted {
    const json::string& query;
    std::string_view operation_name;
    const json::object& variables;
};

std::expected<posted, std::string_view> read(const json::value& body) {
    static const auto nothing = json::object{};
    if (body.is_array()) return std::unexpected{"Batches of requests are not supported: send one request at a time."};
    const auto* object = body.if_object();
    if (object == nullptr) return std::unexpected{"The body must be a JSON object."};
    const auto* query = object->if_contains("query");
    if (query == nullptr || !query->is_string()) return std::unexpected{"The body must have \"query\", a string."};
    const auto* variables = object->if_contains("variables");
    if (variables != nullptr && !variables->is_null() && !variables->is_object())
        return std::unexpected{"\"variables\" must be an object or null."};
    const auto* name = object->if_contains("operationName");
    if (name != nullptr && !name->is_null() && !name->is_string())
        return std::unexpected{"\"operationName\" must be a string or null."};
    return posted{query->get_string(),
                  name != nullptr && name->is_string() ? std::string_view{name->get_string()} : std::string_view{},
                  variables != nullptr && variables->is_object() ? variables->get_object() : nothing};
}

/// True if the canonical form, which signatures cover, represents every number exactly; it uses ECMAScript numbers.
bool is_exact(const json::value& value) {
    constexpr std::uint64_t largest = std::uint64_t{1} << 53U;
    if (const auto* const number = value.if_uint64()) return *number <= largest;
    if (const auto* const number = value.if_int64()) {
        return *number <= static_cast<std::int64_t>(largest) && *number >= -static_cast<std::int64_t>(largest);
    }
    if (const auto* const array = value.if_array()) return std::ranges::all_of(*array, is_exact);
    if (const auto* const object = value.if_object()) {
        return std::ranges::all_of(*object, [](const auto& member) { return is_exact(member.value()); });
    }
    return true;
}

}  // namespace

response endpoint::answer(const request& request, ilp::timestamp now) {
    const auto path = request.target.substr(0, request.target.find('?'));
    if (path == "/graphql") return answer_graphql(request, now);
    if (path != "/healthz")
        return {.status = 404, .content_type = "text/plain", .body = "not found: use /graphql or /healthz\n"};
    if (request.method == "GET") return {.content_type = "text/plain", .body = "ok"};
    return {.status = 405, .content_type = "text/plain", .body = "use GET or HEAD\n", .allow = "GET, HEAD"};
}

response endpoint::answer_graphql(const request& request, ilp::timestamp now) {
    auto result = response{.content_type = std::string{answer_type(request.accept)}};
    const auto refuse = [&](unsigned status, std::string_view message, std::string_view code) {
        result.status = status;
        result.body = errors_of(message, code);
        return std::move(result);
    };
    const auto refuse_stranger = [&](std::string_view why) {
        result.unauthenticated = why;
        return refuse(401, "Unauthenticated", "UNAUTHENTICATED");
    };

    if (request.method != "POST") {
        result.allow = "POST";
        return refuse(405, "Use POST.", graphql::code::bad_user_input);
    }
    if (request.content_type == nullptr || !is_json_type(*request.content_type))
        return refuse(415, "The content type must be application/json.", graphql::code::bad_user_input);

    if (request.tenant_id != nullptr && lower(*request.tenant_id) != settings_.tenant_id)
        return refuse_stranger("the tenant is unknown");
    const auto body = parse_json(request.body);
    auto signature = std::optional<checked_signature>{};
    if (settings_.api_secret) {
        if (request.tenant_id == nullptr) return refuse_stranger("the request names no tenant");
        const auto checked =
            check_signature(request.signature, settings_.api_secret->reveal(), now, body ? &*body : nullptr);
        if (!checked) return refuse_stranger(to_string(checked.error()));
        signature = *checked;
    } else if (const auto fault = fault_of_host(request.host, request.origin, settings_); !fault.empty()) {
        result.unauthenticated = fault;
        return refuse(403, fault, "FORBIDDEN");
    }

    if (!body) return refuse(400, "The body is not JSON.", graphql::code::bad_user_input);
    if (signature && !is_exact(*body)) {
        return refuse(400, "A signature does not cover all digits of a number above 2^53: send the number as a string.",
                      graphql::code::bad_user_input);
    }
    const auto posted = read(*body);
    if (!posted) return refuse(400, posted.error(), graphql::code::bad_user_input);
    const auto prepared = engine_.prepare(posted->query, posted->operation_name);
    if (!prepared) {
        result.status = 400;
        result.body = json::serialize(prepared.error().body);
        return result;
    }
    if (signature && prepared->is_mutation()) {
        switch (seen_.record(*signature, now)) {
            case seen_signatures::verdict::first_use:
                break;
            case seen_signatures::verdict::repeated:
                return refuse_stranger("the signature of this mutation has been used before");
            case seen_signatures::verdict::before_start:
                return refuse_stranger(
                    "signature of a mutation is older than the start of the daemon; if the clock was set back, "
                    "restart ilpd");
            case seen_signatures::verdict::full:
                return refuse_stranger("too many mutations while their signatures are valid");
        }
    }
    const auto context = new_context_();
    auto answer = engine_.execute(*prepared, posted->variables, *context);
    result.body = json::serialize(answer.body);
    result.internal_errors = std::move(answer.internal_errors);
    return result;
}

}  // namespace peering::admin
