#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace connector {

/// Decides when memory that was freed goes back to the system. The allocator keeps it, which is good for its speed, but
/// after a burst of large packets it would keep most of what the burst took, for good.
class surplus_memory {
public:
    static constexpr std::size_t kept_max = 32 * 1024 * 1024;

    /// `resident` is the memory that the process occupies, and `allocated` the part of it that it uses, both in bytes.
    /// The rest includes what cannot be given back, such as code, so only its growth counts.
    bool is_large(std::size_t resident, std::size_t allocated) noexcept {
        const std::size_t surplus = resident - std::min(resident, allocated);
        least_ = std::min(least_, surplus);
        return surplus - least_ > kept_max;
    }

    /// Whatever surplus remains after malloc_trim() cannot be given back.
    void given_back(std::size_t resident, std::size_t allocated) noexcept {
        least_ = resident - std::min(resident, allocated);
    }

private:
    std::size_t least_ = std::numeric_limits<std::size_t>::max();
};

/// Gives the surplus back to the system if it is large. Takes a while; call it from one thread at a time.
void give_back(surplus_memory& surplus);

}  // namespace connector
