#pragma once

#include "config/settings.hpp"
#include "connector/base/passed_sockets.hpp"
#include "connector/control/admin_server.hpp"
#include "connector/control/auto_peering_client.hpp"
#include "connector/control/auto_peering_server.hpp"
#include "connector/control/pinger.hpp"
#include "connector/daemon/book.hpp"
#include "connector/daemon/operator_tls.hpp"
#include "connector/daemon/recent_traffic.hpp"
#include "connector/worker/worker_pool.hpp"
#include "peering/admin/mutations.hpp"
#include "peering/admin/services.hpp"
#include "peering/administration/auto_peers.hpp"
#include "peering/graphql/engine.hpp"

#include <boost/asio/io_context.hpp>

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// Everything by which peers and liquidity are changed while the daemon runs, except for the file: the Admin API and,
/// if enabled, auto-peering.
class operator_servers {
public:
    /// Starts to listen. `spsp_listener` is where payers are answered, if they are; `standing` is that of this daemon
    /// among those that can use the store. `is_ready` may be called from any
    /// thread. The error is for the operator.
    static std::expected<std::unique_ptr<operator_servers>, std::string> start(
        boost::asio::io_context& control, const config::settings& settings, const operator_tls& tls, book& book,
        worker_pool& workers, const passed_sockets& passed, std::optional<std::string> spsp_listener,
        peering::admin::daemon_standing standing, std::function<bool()> is_ready);

    /// For new connections. Call it on the control loop.
    void use_tls(const operator_tls& tls) noexcept;

    admin_server& admin() noexcept { return admin_server_; }

    /// For a stop: each answer about auto-peering ends its connection. The Admin API has admin_server::stop().
    void drain_auto_peering() noexcept {
        if (auto_peering_server_) auto_peering_server_->drain();
    }

private:
    operator_servers(boost::asio::io_context& control, const config::settings& settings, const operator_tls& tls,
                     book& book, worker_pool& workers, std::optional<std::string> spsp_listener,
                     peering::admin::daemon_standing standing, std::function<bool()> is_ready);

    peering::auto_peers auto_peers_;
    auto_peering_client auto_peering_client_;
    std::optional<auto_peering_server> auto_peering_server_;
    pinger pinger_;
    recent_traffic traffic_;
    peering::admin::services services_;
    peering::admin::mutations mutations_;
    std::unique_ptr<const peering::graphql::engine> engine_;
    admin_server admin_server_;
};

}  // namespace connector
