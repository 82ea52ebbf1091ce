#pragma once

#include "peering/store/postgres/postgres_url.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace peering {

/// Renews the lease of a registration for as long as it exists, over a session of its own: the daemon's session may be
/// busy for longer than the lease, for example while it loads many peers. It opens the session when the first renewal
/// is due. What fails is tried again; once the epoch is over, nothing is renewed any more.
class postgres_lease_keeper {
public:
    postgres_lease_keeper(postgres_url url, std::int64_t epoch, std::chrono::milliseconds lease_time,
                          std::chrono::milliseconds interval);
    /// Waits for a renewal that is under way.
    ~postgres_lease_keeper();
    postgres_lease_keeper(const postgres_lease_keeper&) = delete;
    postgres_lease_keeper& operator=(const postgres_lease_keeper&) = delete;

private:
    void run();

    const postgres_url url_;
    const std::int64_t epoch_;
    const std::chrono::milliseconds lease_time_;
    const std::chrono::milliseconds interval_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_ending_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace peering
