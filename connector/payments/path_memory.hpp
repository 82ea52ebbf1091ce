#pragma once

#include "ilp/payment/known_path.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace connector {

/// The round-trip times of paths, for the next payment in the same asset to the same node: its first packets have the
/// right time. Only times are kept. The largest packet that a path takes is whatever anybody on it says, and may
/// change: if it were kept, one F08 could stop the payments to all receivers of a node. Not thread-safe.
class path_memory {
public:
    static constexpr std::size_t paths_max = 4096;

    ilp::known_path find(std::uint32_t asset, std::string_view destination) const {
        const auto found = paths_.find(key(asset, destination));
        return found == paths_.end() ? ilp::known_path{} : ilp::known_path{.maximum = {}, .times = found->second};
    }

    /// When there is no room, a path that happens to come first is forgotten: it costs its next payment a round trip.
    void keep(std::uint32_t asset, std::string_view destination, const ilp::known_path& path) {
        std::string place = key(asset, destination);
        if (paths_.size() >= paths_max && !paths_.contains(place)) paths_.erase(paths_.begin());
        paths_.insert_or_assign(std::move(place), path.times.at_rest());
    }

private:
    /// The last segment of a destination stands for the receiver and its connection.
    static std::string key(std::uint32_t asset, std::string_view destination) {
        return std::to_string(asset) + ' ' + std::string{destination.substr(0, destination.rfind('.'))};
    }

    std::unordered_map<std::string, ilp::round_trip_times> paths_;
};

}  // namespace connector
