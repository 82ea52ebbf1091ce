#include "connector/loop/name_lookups.hpp"

#include <netdb.h>
#include <signal.h>

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace connector {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

error_code error_of_lookup(int code) {
    switch (code) {
        case 0:
            return {};
        case EAI_SYSTEM:
            return {errno, boost::system::system_category()};
        case EAI_AGAIN:
            return boost::asio::error::host_not_found_try_again;
        case EAI_FAIL:
            return boost::asio::error::no_recovery;
        case EAI_MEMORY:
            return boost::asio::error::no_memory;
        default:
            return boost::asio::error::host_not_found;
    }
}

/// Only the control thread handles signals.
void block_all_signals() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

found_addresses look_up_name(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    found_addresses found{error_of_lookup(::getaddrinfo(host.c_str(), nullptr, &hints, &list))};
    for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
        tcp::endpoint& address = found.addresses.emplace_back();
        if (each->ai_addrlen > address.capacity()) {
            found.addresses.pop_back();
            continue;
        }
        std::memcpy(address.data(), each->ai_addr, each->ai_addrlen);
        address.resize(each->ai_addrlen);
    }
    if (list != nullptr) ::freeaddrinfo(list);
    return found;
}

/// `mutex` guards `loop`. The other members are used on the loop's thread only, except `look_up`, which the threads
/// read.
struct name_lookups::loop_side : std::enable_shared_from_this<loop_side> {
    struct question {
        std::vector<handler> askers{};
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keeps_loop_running;
    };

    void ask(const std::string& host, handler done) {
        const auto [place, is_new] = questions.try_emplace(host, question{{}, boost::asio::make_work_guard(*loop)});
        place->second.askers.push_back(std::move(done));
        if (!is_new) return;
        waiting.push_back(host);
        start_waiting();
    }

    void start_waiting() {
        while (!waiting.empty() && running < threads_max) {
            ++running;
            const std::string host = std::move(waiting.front());
            waiting.pop_front();
            try {
                std::thread{[self = shared_from_this(), host] {
                    block_all_signals();
                    self->report(host, self->look_up(host));
                }}.detach();
            } catch (const std::system_error& lack_of_threads) {
                report(host, {{lack_of_threads.code().value(), boost::system::system_category()}, {}});
            }
        }
    }

    /// Any thread.
    void report(const std::string& host, found_addresses found) {
        const std::lock_guard lock{mutex};
        if (loop == nullptr) return;
        boost::asio::post(*loop, [self = shared_from_this(), host, found = std::move(found)] {
            if (!self->questions.empty()) self->ended(host, found);
        });
    }

    void ended(const std::string& host, const found_addresses& found) {
        --running;
        const auto answered = questions.extract(host);
        start_waiting();
        for (const handler& asker : answered.mapped().askers) asker(found);
    }

    std::function<found_addresses(const std::string&)> look_up{};
    std::map<std::string, question> questions{};  ///< being looked up, or waiting for a thread
    std::deque<std::string> waiting{};
    std::size_t running = 0;

    std::mutex mutex{};
    boost::asio::io_context* loop = nullptr;  ///< null once name_lookups is destroyed: the loop may be gone
};

name_lookups::name_lookups(boost::asio::io_context& context, std::function<found_addresses(const std::string&)> look_up)
    : side_{std::make_shared<loop_side>()} {
    side_->look_up = std::move(look_up);
    side_->loop = &context;
}

name_lookups::~name_lookups() {
    {
        const std::lock_guard lock{side_->mutex};
        side_->loop = nullptr;
    }
    side_->waiting.clear();
    const auto dropped = std::exchange(side_->questions, {});
}

void name_lookups::start(const std::string& host, handler done) {
    side_->ask(host, std::move(done));
}

}  // namespace connector
