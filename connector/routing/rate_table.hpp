#pragma once

#include "ilp/clock.hpp"
#include "ilp/rate.hpp"

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace connector {

/// Exchange rates and spreads. A table is built once and then read by all packet threads. It is separate from
/// `forwarding_table` because it is replaced every few seconds.
class rate_table {
public:
    struct price {
        ilp::rate rate;
        std::uint16_t spread = 0;  ///< basis points
        ilp::steady_time usable_until = ilp::steady_time::max();
    };

    /// Sets the price from `base` to `quote`, not the reverse one. It replaces an earlier price of the same pair.
    void set(std::string base, std::string quote, const price& price) {
        prices_.insert_or_assign({std::move(base), std::move(quote)}, price);
    }

    /// Null if there is no rate.
    const price* find(std::string_view base, std::string_view quote) const noexcept {
        const auto found = prices_.find(std::pair{base, quote});
        return found == prices_.end() ? nullptr : &found->second;
    }

    std::size_t size() const noexcept { return prices_.size(); }

private:
    using pair_view = std::pair<std::string_view, std::string_view>;
    struct pair_hash {
        using is_transparent = void;
        std::size_t operator()(const pair_view& pair) const noexcept { return boost::hash<pair_view>{}(pair); }
    };
    struct pair_equal {
        using is_transparent = void;
        bool operator()(const pair_view& a, const pair_view& b) const noexcept { return a == b; }
    };
    boost::unordered_flat_map<std::pair<std::string, std::string>, price, pair_hash, pair_equal> prices_;
};

}  // namespace connector
