#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace peering {

/// What the payments that have not ended wait for, in words for operators. It is kept in memory only. Any thread may
/// use it.
class payment_waits {
public:
    /// Empty: for nothing.
    void set(std::uint64_t number, std::string what) {
        const std::lock_guard lock{mutex_};
        if (what.empty()) {
            waits_.erase(number);
        } else {
            waits_.insert_or_assign(number, std::move(what));
        }
    }

    std::string find(std::uint64_t number) const {
        const std::lock_guard lock{mutex_};
        const auto found = waits_.find(number);
        return found == waits_.end() ? std::string{} : found->second;
    }

private:
    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, std::string> waits_;
};

}  // namespace peering
