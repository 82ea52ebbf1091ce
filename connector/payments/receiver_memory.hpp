#pragma once

#include "ilp/clock.hpp"
#include "ilp/payment/exchange_ratio.hpp"
#include "ilp/payment/path_maximum.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace connector {

/// Remembers what a payment that arrived has shown about its receiver, so that the next one in the same asset needs no
/// quote and its first packet carries money. It is known by the receiver and not by the path, because two receivers of
/// a node may have different assets, and only from a payment that is complete, so that nobody on a path can stop
/// others' payments with it. If the rate has become worse meanwhile, the minimum of the next payment protects it. Not
/// thread-safe.
class receiver_memory {
public:
    static constexpr std::size_t receivers_max = 4096;

    struct shown {
        ilp::exchange_ratio rate;
        ilp::path_maximum maximum;
    };

    /// `age_max`: how long a rate is worth using.
    explicit receiver_memory(ilp::steady_time::duration age_max) noexcept : age_max_{age_max} {}

    std::optional<shown> find(std::uint32_t asset, std::string_view receiver, ilp::steady_time now) const {
        const auto found = receivers_.find(key(asset, receiver));
        if (found == receivers_.end() || now - found->second.second >= age_max_) return std::nullopt;
        return found->second.first;
    }

    /// When there is no room, a receiver that happens to come first is forgotten: its next payment is quoted.
    void keep(std::uint32_t asset, std::string_view receiver, const shown& what, ilp::steady_time now) {
        std::string place = key(asset, receiver);
        if (receivers_.size() >= receivers_max && !receivers_.contains(place)) receivers_.erase(receivers_.begin());
        receivers_.insert_or_assign(std::move(place), std::pair{what, now});
    }

    void forget(std::uint32_t asset, std::string_view receiver) { receivers_.erase(key(asset, receiver)); }

private:
    static std::string key(std::uint32_t asset, std::string_view receiver) {
        return std::to_string(asset) + ' ' + std::string{receiver};
    }

    ilp::steady_time::duration age_max_;
    std::unordered_map<std::string, std::pair<shown, ilp::steady_time>> receivers_;
};

}  // namespace connector
