#include "connector/transport/http/split_request.hpp"

#include "ilp/hex.hpp"

namespace connector::http {
namespace {

constexpr std::string_view outcome_segment = "/outcome/";
constexpr std::size_t id_digits = 2 * peering::split_id{}.size();

}  // namespace

std::expected<std::optional<split_request>, status> split_request_of(const request_head& head) {
    if (head.method == "GET") {
        if (const auto path = parse_outcome_target(head.target)) return split_request{std::nullopt, path->id};
        return std::nullopt;
    }
    if (!head.has_split) return std::nullopt;
    const auto label = peering::parse_part_label(head.split);
    if (!label || head.prefers_asynchronous) return std::unexpected{status::bad_request};
    return split_request{label};
}

std::string outcome_target(std::string_view endpoint_target, const peering::split_id& id) {
    std::string target{endpoint_target.substr(0, endpoint_target.find('?'))};
    if (target == "/") target = "/ilp";
    return target.append(outcome_segment).append(ilp::to_hex(id));
}

std::optional<outcome_path> parse_outcome_target(std::string_view target) noexcept {
    constexpr std::size_t suffix_size = outcome_segment.size() + id_digits;
    if (target.size() <= suffix_size) return std::nullopt;
    const std::string_view suffix = target.substr(target.size() - suffix_size);
    if (!suffix.starts_with(outcome_segment)) return std::nullopt;
    outcome_path path{target.substr(0, target.size() - suffix_size)};
    if (!ilp::parse_hex(suffix.substr(outcome_segment.size()), path.id)) return std::nullopt;
    return path;
}

}  // namespace connector::http
