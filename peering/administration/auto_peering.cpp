#include "peering/administration/auto_peering.hpp"

#include "config/value.hpp"
#include "ilp/hex.hpp"
#include "peering/json/parse_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

namespace peering {
namespace {

namespace json = boost::json;

constexpr std::size_t error_message_size_max = 1024;

struct fault_words {
    peering_fault fault;
    unsigned status;
    std::string_view type;
};

constexpr std::array faults{
    fault_words{peering_fault::unknown_asset, 404, "UnknownAsset"},
    fault_words{peering_fault::invalid_configuration, 400, "InvalidPeerIlpConfiguration"},
    fault_words{peering_fault::invalid_request, 400, "InvalidPeeringRequest"},
    fault_words{peering_fault::unsupported_media_type, 415, "UnsupportedMediaType"},
    fault_words{peering_fault::too_many_requests, 429, "TooManyRequests"},
    fault_words{peering_fault::unavailable, 503, "Unavailable"},
};

const fault_words& words_of(peering_fault fault) noexcept {
    return *std::ranges::find(faults, fault, &fault_words::fault);
}

/// The string under `key`; null if there is none.
const json::string* text_at(const json::object& object, std::string_view key) {
    const json::value* const found = object.if_contains(key);
    return found == nullptr ? nullptr : found->if_string();
}

bool is_absent(const json::object& object, std::string_view key) {
    const json::value* const found = object.if_contains(key);
    return found == nullptr || found->is_null();
}

/// A non-negative integer that was parsed without loss. A double is rejected, because it may have lost digits.
std::optional<std::uint64_t> whole_number(const json::value& value) {
    if (value.is_uint64()) return value.get_uint64();
    if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
    return std::nullopt;
}

std::optional<ilp::amount> amount_of(const json::value& value) {
    if (const json::string* const digits = value.if_string()) return ilp::parse_amount(*digits);
    const auto number = whole_number(value);
    return number ? std::optional{ilp::amount{*number}} : std::nullopt;
}

bool is_token(std::string_view text) {
    return text.size() >= peering_token_size_min && text.size() <= peering_token_size_max &&
           config::bearer_token().parse(text).has_value();
}

/// Reads the part that both messages share: the description of their sender.
std::expected<peering_terms, peering_error> terms_of(const json::object& message) {
    using enum peering_fault;
    const json::string* const address = text_at(message, "staticIlpAddress");
    if (address == nullptr) return refused(invalid_request, "staticIlpAddress: expected an ILP address");
    const auto parsed = config::node_address().parse(*address);
    if (!parsed) {
        return refused(invalid_configuration, "staticIlpAddress: expected " + config::node_address().expected);
    }
    const json::string* const url = text_at(message, "ilpConnectorUrl");
    if (url == nullptr) return refused(invalid_request, "ilpConnectorUrl: expected a URL");
    const auto url_type = config::packet_url();
    if (const auto endpoint = url_type.parse(*url); !endpoint) {
        return refused(
            invalid_configuration,
            "ilpConnectorUrl: " + (endpoint.error().empty() ? "expected " + url_type.expected : endpoint.error()));
    }
    const json::string* const token = text_at(message, "httpToken");
    if (token == nullptr || !is_token(*token)) {
        return refused(invalid_request, fmt::format("httpToken: expected {} to {} visible ASCII characters",
                                                    peering_token_size_min, peering_token_size_max));
    }
    peering_terms terms{*parsed, std::string{*url}, std::string{*token}};
    if (!is_absent(message, "name")) {
        const json::string* const name = text_at(message, "name");
        if (name == nullptr || !config::display_name().parse(*name)) {
            return refused(invalid_request, "name: expected " + config::display_name().expected);
        }
        terms.name = std::string{*name};
    }
    return terms;
}

json::object object_of(const peering_terms& terms) {
    json::object object{{"staticIlpAddress", terms.address.text()},
                        {"ilpConnectorUrl", terms.connector_url},
                        {"httpToken", terms.token}};
    if (terms.name) object["name"] = *terms.name;
    return object;
}

std::optional<json::object> parse_object(std::string_view text) {
    if (text.size() > peering_message_size_max) return std::nullopt;
    auto parsed = parse_json(text);
    if (!parsed || !parsed->is_object()) return std::nullopt;
    return std::move(parsed->get_object());
}

}  // namespace

unsigned status_of(peering_fault fault) noexcept {
    return words_of(fault).status;
}

std::string_view type_of(peering_fault fault) noexcept {
    return words_of(fault).type;
}

std::expected<peering_request, peering_error> parse_peering_request(std::string_view text) {
    using enum peering_fault;
    const auto message = parse_object(text);
    if (!message) {
        return refused(invalid_request,
                       fmt::format("expected a JSON object of at most {} bytes", peering_message_size_max));
    }
    auto asker = terms_of(*message);
    if (!asker) return std::unexpected{std::move(asker.error())};

    const json::value* const asset = message->if_contains("asset");
    if (asset == nullptr || !asset->is_object()) return refused(invalid_request, "asset: expected {code, scale}");
    const json::string* const code = text_at(asset->get_object(), "code");
    if (code == nullptr || !config::asset_code().parse(*code)) {
        return refused(invalid_request, "asset.code: expected " + config::asset_code().expected);
    }
    const json::value* const given_scale = asset->get_object().if_contains("scale");
    const auto scale = given_scale == nullptr ? std::nullopt : whole_number(*given_scale);
    if (!scale || *scale > std::numeric_limits<std::uint8_t>::max()) {
        return refused(invalid_request, "asset.scale: expected a whole number from 0 to 255");
    }
    peering_request request{std::move(*asker), std::string{*code}, static_cast<std::uint8_t>(*scale)};
    if (!is_absent(*message, "maxPacketAmount")) {
        request.max_packet_amount = amount_of(message->at("maxPacketAmount"));
        if (!request.max_packet_amount) {
            return refused(invalid_request, "maxPacketAmount: expected a whole number from 0 to 18446744073709551615");
        }
    }
    return request;
}

std::string to_json(const peering_request& request) {
    json::object object = object_of(request.asker);
    object["asset"] = json::object{{"code", request.asset_code}, {"scale", request.asset_scale}};
    if (request.max_packet_amount) object["maxPacketAmount"] = request.max_packet_amount->value;
    return json::serialize(object);
}

std::expected<peering_terms, std::string> parse_peering_answer(std::string_view text) {
    const auto message = parse_object(text);
    if (!message) return std::unexpected{"is not a JSON object"};
    auto terms = terms_of(*message);
    if (!terms) return std::unexpected{std::move(terms.error().message)};
    return std::move(*terms);
}

std::string to_json(const peering_terms& answer) {
    return json::serialize(object_of(answer));
}

std::optional<peering_error> parse_peering_error(std::string_view text) {
    const auto message = parse_object(text);
    if (!message) return std::nullopt;
    const json::value* const error = message->if_contains("error");
    if (error == nullptr || !error->is_object()) return std::nullopt;
    const json::string* const type = text_at(error->get_object(), "type");
    if (type == nullptr) return std::nullopt;
    const auto known = std::ranges::find(faults, std::string_view{*type}, &fault_words::type);
    if (known == faults.end()) return std::nullopt;
    const json::string* const why = text_at(error->get_object(), "message");
    return peering_error{known->fault,
                         why == nullptr ? std::string{} : std::string{*why}.substr(0, error_message_size_max)};
}

std::string to_json(const peering_error& error) {
    const fault_words& words = words_of(error.fault);
    return json::serialize(json::object{
        {"error", json::object{{"code", words.status}, {"message", error.message}, {"type", words.type}}}});
}

std::string new_peering_token() {
    std::array<ilp::octet, 32> octets{};
    if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1)
        throw std::runtime_error{"the system cannot provide random numbers"};
    return ilp::to_hex(octets);
}

}  // namespace peering
