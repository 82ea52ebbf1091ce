#include "peering/spsp/spsp_message.hpp"

#include "ilp/base64url.hpp"
#include "ilp/bytes.hpp"
#include "peering/json/json_members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace peering {
namespace {

/// 32 octets need one character of padding.
std::string to_base64(const ilp::digest& octets) {
    std::string text;
    ilp::append_base64url(text, ilp::as_text(octets));
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    return text + '=';
}

std::optional<ilp::digest> secret_of(std::string text) {
    if (text.size() == ilp::base64url_size(ilp::hash_size) + 1 && text.back() == '=') text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    ilp::digest secret{};
    if (!ilp::read_base64url(text, secret)) return std::nullopt;
    return secret;
}

/// Null if there is none.
const std::string* string_at(const std::vector<json_member>& members, std::string_view name) {
    const json_member* const found = find_member(members, name);
    return found == nullptr ? nullptr : std::get_if<std::string>(&found->value);
}

}  // namespace

std::string to_json(const spsp_details& details) {
    // Neither an address nor base64 has a character that JSON escapes.
    return fmt::format(R"({{"destination_account":"{}","shared_secret":"{}"}})", details.destination.text(),
                       to_base64(details.shared_secret));
}

std::expected<spsp_details, std::string> parse_spsp_answer(std::string_view json) {
    if (json.size() > spsp_answer_size_max) {
        return std::unexpected{fmt::format("it has more than {} bytes", spsp_answer_size_max)};
    }
    const auto members = read_json_members(json);
    if (!members) return std::unexpected{std::string{"it is not a JSON object in which each name occurs once"}};
    const std::string* const account = string_at(*members, "destination_account");
    if (account == nullptr) return std::unexpected{std::string{"destination_account: expected an ILP address"}};
    auto address = ilp::address::parse(*account);
    const auto scheme = ilp::scheme_of(*account);
    if (!address || scheme == ilp::scheme::peer || scheme == ilp::scheme::self) {
        return std::unexpected{std::string{"destination_account: expected an ILP address that packets can be sent to"}};
    }
    const std::string* const secret = string_at(*members, "shared_secret");
    const auto octets = secret == nullptr ? std::nullopt : secret_of(*secret);
    if (!octets) return std::unexpected{std::string{"shared_secret: expected 32 octets in base64"}};
    return spsp_details{*std::move(address), *octets};
}

std::string invalid_receiver_json() {
    return R"({"id":"InvalidReceiverError","message":"there is no receiver at this path"})";
}

}  // namespace peering
