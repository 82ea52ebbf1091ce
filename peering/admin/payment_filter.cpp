#include "peering/admin/payment_filter.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace peering::admin {
namespace {

/// A FilterString of the schema.
struct text_filter {
    std::vector<std::string> in{};
    std::vector<std::string> not_in{};

    bool takes(std::string_view text) const {
        const auto has = [text](const std::vector<std::string>& list) {
            return std::ranges::find(list, text) != list.end();
        };
        return (in.empty() || has(in)) && !has(not_in);
    }
};

text_filter text_filter_of(const graphql::arguments& filter, std::string_view name) {
    const auto given = filter.find<graphql::arguments>(name);
    if (!given) return {};
    using texts = std::vector<std::string>;
    return {given->find<texts>("in").value_or(texts{}), given->find<texts>("notIn").value_or(texts{})};
}

}  // namespace

std::expected<payment_filter, refusal> payment_filter_of(const graphql::arguments& filter) {
    const text_filter addresses = text_filter_of(filter, "walletAddressId");
    if (addresses.in.size() > 1 || !addresses.not_in.empty()) {
        return refused(refusal_code::bad_user_input,
                       "filter.walletAddressId: expected one id in `in`, and nothing in `notIn`; ask once for each "
                       "wallet address");
    }
    return payment_filter{.takes_outgoing = text_filter_of(filter, "type").takes("OUTGOING"),
                          .wallet_address = addresses.in.empty() ? std::nullopt : std::optional{addresses.in.front()}};
}

}  // namespace peering::admin
