#include "peering/spsp/spsp_query.hpp"

#include <algorithm>
#include <array>

namespace peering {
namespace {

constexpr std::string_view plain_text = "text/plain";
constexpr std::array<std::string_view, 2> spsp_types{spsp_media_type, "application/spsp+json"};

/// Any web page may ask (RFC 9).
const std::vector<std::pair<std::string, std::string>> cors_headers{
    {"Access-Control-Allow-Origin", "*"}, {"Access-Control-Allow-Headers", "web-monetization-id"}};

std::string_view trimmed(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool is_same(std::string_view text, std::string_view lower_case) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return std::ranges::equal(text, lower_case, {}, lower);
}

/// Removes what stands before the first `separator`, and the separator, and returns it.
std::string_view next_part(std::string_view& rest, char separator) {
    const auto part = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return trimmed(part);
}

/// True for the parameter `q` with a value of zero, by which a client excludes a type (RFC 9110 section 12.4.2).
bool excludes(std::string_view parameter) {
    if (!is_same(parameter.substr(0, 2), "q=")) return false;
    return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

/// False for wildcards, too: browsers send them, and are not looking for SPSP.
bool accepts_spsp(std::string_view accept) {
    while (!accept.empty()) {
        auto range = next_part(accept, ',');
        const auto type = next_part(range, ';');
        if (std::ranges::none_of(spsp_types, [type](std::string_view each) { return is_same(type, each); })) continue;
        bool excluded = false;
        while (!range.empty()) excluded = excludes(next_part(range, ';')) || excluded;
        if (!excluded) return true;
    }
    return false;
}

/// The name of the account that a path means; empty if it means none.
std::string_view account_at(std::string_view path, std::string_view default_account) {
    if (path == "/.well-known/pay") return default_account;
    const auto name = path.starts_with('/') ? path.substr(1) : std::string_view{};
    return name.contains('/') ? std::string_view{} : name;
}

}  // namespace

spsp_response refuse_spsp(unsigned status, std::string why) {
    return {status, plain_text, std::move(why), cors_headers};
}

spsp_response answer_spsp(const spsp_query& query, std::string_view default_account, const spsp_receivers& receivers) {
    auto headers = cors_headers;
    const auto refuse = [&headers](unsigned status, std::string why) {
        return spsp_response{status, plain_text, std::move(why), std::move(headers)};
    };
    if (query.method == "OPTIONS") {
        headers.emplace_back("Access-Control-Allow-Methods", "GET");
        return refuse(200, {});
    }
    if (query.method != "GET") {
        headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
        return refuse(405, "use GET\n");
    }
    if (query.target.contains('?')) return refuse(400, "this URL has no query (RFC 9): leave out what follows the ?\n");
    if (!accepts_spsp(query.accept)) {
        return refuse(406, "this URL is for payments over Interledger: ask with Accept: application/spsp4+json\n");
    }
    const auto account = account_at(query.target, default_account);
    const auto details = account.empty() ? std::nullopt : receivers(account);
    if (!details) return {404, spsp_media_type, invalid_receiver_json(), std::move(headers)};
    return {200, spsp_media_type, to_json(*details), std::move(headers)};
}

}  // namespace peering
