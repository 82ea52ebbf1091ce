#include "connector/daemon/operator_servers.hpp"

#include "connector/base/listen.hpp"
#include "connector/base/log.hpp"
#include "ilp/clock.hpp"
#include "peering/admin/resolvers.hpp"

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace connector {
namespace {

static_assert(admin_server::threads >= pinger::pings_max + auto_peering_client::questions_max + 2,
              "calls that wait for other nodes leave threads for other requests");

/// Called on an admin thread.
void log_mutation(const peering::admin::mutation_report& report, const std::string& tenant) {
    const auto bounded = [](const std::string& text) {
        constexpr std::size_t shown_max = 128;
        return text.size() <= shown_max ? text : text.substr(0, shown_max) + "...";
    };
    log::write(log::level::info, report.refusal.empty() ? "mutation done" : "mutation refused",
               {{"operation", report.operation},
                {"object", bounded(report.object)},
                {"transfer", bounded(report.transfer)},
                {"amount", report.amount},
                {"tenant", tenant},
                {"idempotency_key", bounded(report.idempotency_key)},
                {"refusal", report.refusal}});
}

/// Called on an admin thread.
std::vector<peering::admin::unreachable_peer> unreachable_peers(const reachability_board& board) {
    std::vector<peering::admin::unreachable_peer> found;
    for (const auto& [peer, uuid, reachability] : board.all()) {
        if (reachability.is_down() && reachability.since) found.push_back({uuid, reachability.since->steady});
    }
    return found;
}

}  // namespace

operator_servers::operator_servers(boost::asio::io_context& control, const config::settings& settings,
                                   const operator_tls& tls, book& book, worker_pool& workers,
                                   std::optional<std::string> spsp_listener, peering::admin::daemon_standing standing,
                                   std::function<bool()> is_ready)
    : auto_peers_{book.directory, book.administration, settings.auto_peering},
      auto_peering_client_{control, auto_peers_, tls.other_nodes},
      pinger_{book.directory, workers.echo(),
              [&workers](std::uint32_t peer, ilp::bytes prepare, std::chrono::milliseconds time_limit, auto done) {
                  workers.probe(peer, std::move(prepare), time_limit, std::move(done));
              }},
      traffic_{control, workers},
      services_{
          .directory = book.directory,
          .administration = book.administration,
          .transfers = *book.transfers,
          .payments = book.payments,
          .committer = *book.committer,
          .auto_peers = auto_peers_,
          .shows_secrets = settings.admin.api_secret.has_value(),
          .tenant_id = settings.admin.tenant_id,
          .version = ILPD_VERSION,
          .started_at = ilp::wall_clock(),
          .standing = std::move(standing),
          .ready = std::move(is_ready),
          .ping = [this](const std::string& address,
                         std::chrono::milliseconds timeout) { return pinger_.ping(address, timeout); },
          .examine = [this](const std::shared_ptr<const peering::peer>& peer,
                            std::chrono::milliseconds timeout) { return pinger_.examine(peer, timeout); },
          .reachability = [&board = workers.reachability()](std::uint32_t peer) { return board.of(peer); },
          .traffic = [this](std::uint32_t peer) { return traffic_.of(peer); },
          .unreachable_peers = [&board = workers.reachability()] { return unreachable_peers(board); },
          .ask_node =
              [this](const peering::peering_question& question) { return auto_peering_client_.answer_to(question); },
          .public_url = settings.spsp.public_url,
          .spsp_listener = std::move(spsp_listener),
          .report = [tenant = settings.admin.tenant_id](const auto& report) { log_mutation(report, tenant); }},
      mutations_{services_},
      engine_{peering::admin::make_engine(services_, mutations_)},
      admin_server_{control, settings.admin, *engine_, [] { return std::make_unique<peering::graphql::context>(); }} {
    book.administration.set_own_url(settings.auto_peering.connector_url);
    if (settings.auto_peering.enabled)
        auto_peering_server_.emplace(control, *book.committer, auto_peers_, settings.auto_peering);
    use_tls(tls);
}

void operator_servers::use_tls(const operator_tls& tls) noexcept {
    auto_peering_client_.use_tls(tls.other_nodes);
    if (auto_peering_server_) auto_peering_server_->use_tls(tls.auto_peering);
    admin_server_.use_tls(tls.admin);
}

std::expected<std::unique_ptr<operator_servers>, std::string> operator_servers::start(
    boost::asio::io_context& control, const config::settings& settings, const operator_tls& tls, book& book,
    worker_pool& workers, const passed_sockets& passed, std::optional<std::string> spsp_listener,
    peering::admin::daemon_standing standing, std::function<bool()> is_ready) {
    std::unique_ptr<operator_servers> made{new operator_servers{
        control, settings, tls, book, workers, std::move(spsp_listener), std::move(standing), std::move(is_ready)}};
    auto problem = listen(made->admin_server_, "admin.listen", settings.admin.listen, passed);
    if (!problem && made->auto_peering_server_) {
        problem = listen(*made->auto_peering_server_, "auto_peering.listen", settings.auto_peering.listen, passed);
    }
    if (problem) return std::unexpected{std::move(*problem)};
    return made;
}

}  // namespace connector
