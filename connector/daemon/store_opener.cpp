#include "connector/daemon/store_opener.hpp"

#include "connector/base/log.hpp"
#include "peering/open_store.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace connector {

store_opener::store_opener(boost::asio::io_context& loop, std::string url, peering::store_tenant who,
                           std::chrono::milliseconds patience, wait_callback waits)
    : loop_{loop},
      timer_{loop},
      url_{std::move(url)},
      who_{std::move(who)},
      patience_{patience},
      waits_{std::move(waits)},
      give_up_at_{std::chrono::steady_clock::now() + patience} {}

store_opener::~store_opener() {
    thread_.join();
}

void store_opener::open(std::function<void(result)> done) {
    done_ = std::move(done);
    attempt();
}

void store_opener::attempt() {
    boost::asio::post(thread_, [this] {
        // Handlers of the loop may be copied, and a store may not.
        auto opened = std::make_shared<result>(peering::open_store(url_, who_));
        boost::asio::post(loop_, [this, opened] { end_attempt(std::move(*opened)); });
    });
}

void store_opener::end_attempt(result opened) {
    const auto now = std::chrono::steady_clock::now();
    if (!opened) waits_(opened.error().holder);
    if (!opened && opened.error().in_use && !opened.error().final) {
        log_once("waiting for the store as a standby: another daemon has it", opened.error().message);
        // The database can be reached. If it cannot later, the time begins then.
        give_up_at_ = now + patience_;
        pause_ = pause_min;
        return try_again_in(standby_pause);
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up_at_ - now);
    if (opened || opened.error().final || left.count() <= 0) return std::exchange(done_, {})(std::move(opened));
    log_once("waiting for the store", opened.error().message);
    try_again_in(std::min(pause_, left));
    pause_ = std::min(2 * pause_, pause_max);
}

void store_opener::log_once(std::string_view message, const std::string& reason) {
    if (logged_reason_ == reason) return;
    logged_reason_ = reason;
    log::write(log::level::warn, message, {{"error", reason}});
}

void store_opener::try_again_in(std::chrono::milliseconds pause) {
    timer_.expires_after(pause);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) attempt();
    });
}

}  // namespace connector
