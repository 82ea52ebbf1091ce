#pragma once

#include "config/settings.hpp"
#include "connector/daemon/book.hpp"
#include "connector/daemon/operator_tls.hpp"
#include "connector/rates/rate_source.hpp"
#include "ilp/clock.hpp"
#include "ilp/timestamp.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace connector {

/// On SIGHUP, applies the peers, assets, rates, certificates and level of the log of the file, all or nothing: a file
/// with a problem changes nothing, be it the configuration or one with a certificate.
/// One reload is done at a time; a signal that arrives meanwhile is handled after it. Runs on the control loop, which
/// must have stopped before this object is destroyed, and uses the helper for reading the file.
class reload {
public:
    struct parts {
        boost::asio::io_context& control;
        boost::asio::thread_pool& helper;
        connector::book& book;
        rate_source& rates;
        std::function<void(const operator_tls&)> use_tls;  ///< on the control loop
        // On the control loop, too; `problem` is why the reload failed, and empty if it did not.
        std::function<void()> began;
        std::function<void(std::string_view problem)> ended;
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
    struct contents {
        config::settings settings;
        operator_tls tls;
    };
    using loaded_contents = std::shared_ptr<const contents>;

    void read_file();
    void apply(const loaded_contents& loaded);
    void succeeded(const contents& loaded);
    void failed(std::string_view reason);

    const std::string file_;
    const config::settings& running_;
    const parts parts_;
    outcome last_{true, ilp::wall_clock()};
    boost::asio::signal_set signal_;
};

}  // namespace connector
