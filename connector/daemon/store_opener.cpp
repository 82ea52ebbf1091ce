#include "connector/daemon/store_opener.hpp"

#include "connector/base/log.hpp"
#include "peering/open_store.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace connector {

store_opener::store_opener(boost::asio::io_context& loop, std::string url, std::chrono::milliseconds patience)
    : loop_{loop}, timer_{loop}, url_{std::move(url)}, give_up_at_{std::chrono::steady_clock::now() + patience} {}

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
        auto opened = std::make_shared<result>(peering::open_store(url_));
        boost::asio::post(loop_, [this, opened] { end_attempt(std::move(*opened)); });
    });
}

void store_opener::end_attempt(result opened) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(give_up_at_ - std::chrono::steady_clock::now());
    if (opened || opened.error().final || left.count() <= 0) return std::exchange(done_, {})(std::move(opened));
    if (logged_reason_ != opened.error().message) {
        logged_reason_ = opened.error().message;
        log::write(log::level::warn, "waiting for the store", {{"error", logged_reason_}});
    }
    timer_.expires_after(std::min(pause_, left));
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) attempt();
    });
    pause_ = std::min(2 * pause_, pause_max);
}

}  // namespace connector
