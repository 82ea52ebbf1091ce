#pragma once

#include "config/settings.hpp"
#include "connector/tls/tls_context.hpp"
#include "connector/webhooks/event_outbox.hpp"
#include "connector/webhooks/webhook_schedule.hpp"
#include "peering/records/event.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace connector {

/// Posts the events of the outbox to `webhooks.url`, each at least once, a few of each line at a time: those of one
/// line do not wait for the other. It runs on the control loop, which must have stopped before it is destroyed.
class webhooks {
public:
    struct statistics {
        std::uint64_t pending = 0;    ///< undelivered events as of the last query of the store
        std::uint64_t delivered = 0;  ///< attempts since the start
        std::uint64_t failed = 0;
        std::uint64_t given_up = 0;  ///< number of events
    };

    /// Precondition: the settings have a URL. `tls` must be there if it is https://.
    webhooks(boost::asio::io_context& control, config::webhook_settings settings, event_outbox& outbox,
             std::shared_ptr<const tls_context> tls = {});

    /// For the attempts from now on.
    void use_tls(std::shared_ptr<const tls_context> tls) noexcept { tls_ = std::move(tls); }

    /// The outbox may have new events. It must also be called once at the start.
    void look_for_events();

    const statistics& stats() const noexcept { return stats_; }

private:
    struct delivery_line {
        delivery_line(boost::asio::io_context& control, peering::event_line line, std::uint32_t max_retry)
            : kind{line}, schedule{max_retry}, due_timer{control} {}

        peering::event_line kind;
        webhook_schedule schedule;
        boost::asio::steady_timer due_timer;
        bool is_loading = false;
    };

    void proceed(delivery_line& line);
    void load(delivery_line& line);
    void post(delivery_line& line, peering::pending_event event);
    void ended(delivery_line& line, const peering::pending_event& event, const std::string& fault);
    void save(delivery_line& line, const peering::event_attempt& attempt);
    void after(std::chrono::milliseconds pause, std::function<void()> action);

    boost::asio::io_context& control_;
    const config::webhook_settings settings_;
    event_outbox& outbox_;
    std::shared_ptr<const tls_context> tls_;
    std::array<delivery_line, 2> lines_;
    statistics stats_;
};

}  // namespace connector
