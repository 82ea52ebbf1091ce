#include "connector/ilpctl/api.hpp"

#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "ilp/clock.hpp"
#include "peering/json/canonical_json.hpp"
#include "peering/json/parse_json.hpp"
#include "peering/json/signature.hpp"

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    const auto* text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? std::string_view{} : std::string_view{*text};
}

/// One error reported by the daemon, as a line of text, with its code.
struct complaint {
    std::string text;
    std::string code;
};

complaint complaint_of(const json::value& error) {
    const auto* object = error.if_object();
    if (object == nullptr) return {"an error without a message", {}};
    auto result = complaint{printable(text_of(*object, "message")), {}};
    if (const auto* extensions = object->if_contains("extensions"); extensions != nullptr && extensions->is_object())
        result.code = printable(text_of(extensions->get_object(), "code"));
    if (!result.code.empty()) result.text += fmt::format(" ({})", result.code);
    return result;
}

[[noreturn]] void throw_unauthenticated(bool is_signed) {
    throw failure{exit_status::unauthenticated,
                  is_signed
                      ? "not authenticated: the daemon rejected the signature. Check that secret and tenant are those "
                        "of the daemon and that both clocks agree"
                      : "not authenticated: the daemon requires signed requests. Give the secret with --secret-file "
                        "or ILPD_ADMIN_SECRET"};
}

/// True if the daemon left it open whether it did what was requested.
bool is_open(std::string_view code) {
    return code == "TIMEOUT" || code == "INTERNAL_SERVER_ERROR";
}

/// What may be wrong with the URL if something else has answered with this status.
std::string_view hint_on(unsigned status) {
    switch (status) {
        case 400:
            return "; does the server expect https://? (--url or ILPCTL_URL)";
        case 404:
            return "; does the URL end in /graphql? (--url or ILPCTL_URL)";
        default:
            return {};
    }
}

}  // namespace

std::string request_body(const documents::document& what, const json::object& variables) {
    const auto body = json::object{{"query", what.text}, {"variables", variables}};
    return peering::canonical_json(body).value();
}

header_list request_headers(const credentials& who, std::string_view body, ilp::timestamp now) {
    auto headers = header_list{{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    if (who.secret) {
        headers.emplace_back("signature", peering::signature_header(who.secret->reveal(), now, body));
        headers.emplace_back("tenant-id", who.tenant);
    }
    return headers;
}

std::string advice(const retry_hint& again) {
    if (again.idempotency_key.empty()) return {};
    const auto id = again.id.empty() ? std::string{} : fmt::format("--id {} ", again.id);
    return fmt::format(
        "\nThe command may or may not have taken effect. To be sure that it takes effect once, repeat it with\n  "
        "{}--idempotency-key {}",
        id, again.idempotency_key);
}

json::value read_reply(const documents::document& what, const http_reply& reply, const retry_hint& again,
                       bool is_signed) {
    if (reply.status == 401) throw_unauthenticated(is_signed);
    const auto parsed = peering::parse_json(reply.body);
    const auto* body = parsed ? parsed->if_object() : nullptr;
    const auto* errors = body == nullptr ? nullptr : body->if_contains("errors");
    if (errors != nullptr && errors->is_array() && !errors->get_array().empty()) {
        auto text = std::string{};
        auto code = std::string{};
        auto open = false;
        for (const json::value& error : errors->get_array()) {
            const auto complaint = complaint_of(error);
            if (complaint.code == "UNAUTHENTICATED") throw_unauthenticated(is_signed);
            if (code.empty()) code = complaint.code;
            if (!text.empty()) text += '\n';
            text += complaint.text;
            // With 503, the daemon has not looked at the request.
            open = open || (is_open(complaint.code) && reply.status != 503);
        }
        throw failure{exit_status::refused, text + (open ? advice(again) : std::string{}), code};
    }
    const auto* data = body == nullptr ? nullptr : body->if_contains("data");
    const auto* object = data == nullptr ? nullptr : data->if_object();
    const auto* answer = object == nullptr ? nullptr : object->if_contains(what.field);
    if (answer == nullptr || reply.status / 100 != 2)
        throw failure{exit_status::no_answer, fmt::format("this server is not an Admin API: HTTP status {}{}{}",
                                                          reply.status, hint_on(reply.status), advice(again))};
    return *answer;
}

json::value remote_api::ask(const documents::document& what, json::object variables, const retry_hint& again,
                            std::chrono::milliseconds extra) {
    const auto body = request_body(what, variables);
    const auto now = ilp::wall_clock();
    const auto reply = post(where_.endpoint, where_.tls, request_headers(who_, body, now), body, timeout_ + extra);
    if (!reply)
        throw failure{exit_status::no_answer,
                      fmt::format("no response from {}: {}{}", where_.endpoint.url(), reply.error().why,
                                  reply.error().where == failure_stage::under_way ? advice(again) : std::string{})};
    return read_reply(what, *reply, again, who_.secret.has_value());
}

}  // namespace connector::ilpctl
