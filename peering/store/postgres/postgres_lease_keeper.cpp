#include "peering/store/postgres/postgres_lease_keeper.hpp"

#include "peering/store/postgres/postgres_connection.hpp"
#include "peering/store/postgres/postgres_slot.hpp"

#include <optional>
#include <utility>

namespace peering {

postgres_lease_keeper::postgres_lease_keeper(postgres_url url, std::int64_t epoch, std::chrono::milliseconds lease_time,
                                             std::chrono::milliseconds interval)
    : url_{std::move(url)}, epoch_{epoch}, lease_time_{lease_time}, interval_{interval}, thread_{[this] { run(); }} {}

postgres_lease_keeper::~postgres_lease_keeper() {
    {
        const std::lock_guard lock{mutex_};
        is_ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void postgres_lease_keeper::run() {
    std::optional<postgres_connection> session;
    std::unique_lock lock{mutex_};
    while (!wake_.wait_for(lock, interval_, [this] { return is_ending_; })) {
        lock.unlock();
        try {
            if (!session) {
                session.emplace(url_);
                session->run("SET lock_timeout = '2s'");
            }
            renew_postgres_lease(*session, epoch_, lease_time_);
        } catch (const postgres_failure&) {
            session.reset();
        } catch (const postgres_position_lost&) {
            return;
        }
        lock.lock();
    }
}

}  // namespace peering
