#pragma once

#include "config/settings.hpp"
#include "connector/daemon/book.hpp"
#include "connector/rates/rate_source.hpp"
#include "ilp/clock.hpp"
#include "ilp/timestamp.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace connector {

/// On SIGHUP, applies the peers, assets and rates of the file, all or nothing: a file with a problem changes nothing.
/// One reload is done at a time; a signal that arrives meanwhile is handled after it. Runs on the control loop, which
/// must have stopped before this object is destroyed, and uses the helper for reading the file.
class reload {
public:
    struct parts {
        boost::asio::io_context& control;
        boost::asio::thread_pool& helper;
        connector::book& book;
        rate_source& rates;
    };
    /// SIGHUP no longer ends the process from here on. `running` are the settings that the daemon was started with.
    reload(std::string file, const config::settings& running, parts parts);

    struct outcome {
        bool success = true;
        ilp::timestamp at{};
    };
    /// The start counts as a reload.
    const outcome& last() const noexcept { return last_; }

    void await_signal();
    void stop() { signal_.cancel(); }

private:
    using loaded_settings = std::shared_ptr<const config::settings>;

    void read_file();
    void apply(const loaded_settings& loaded);
    void succeeded(const config::settings& loaded);
    void failed(std::string_view reason);

    const std::string file_;
    const config::settings& running_;
    const parts parts_;
    outcome last_{true, ilp::wall_clock()};
    boost::asio::signal_set signal_;
};

}  // namespace connector
