#include "connector/app.hpp"

#include "config/load.hpp"
#include "connector/base/log.hpp"
#include "connector/control/admin_server.hpp"
#include "connector/control/auto_peering_client.hpp"
#include "connector/control/auto_peering_server.hpp"
#include "connector/control/metrics_server.hpp"
#include "connector/control/pinger.hpp"
#include "connector/metrics/metrics.hpp"
#include "connector/rates/rate_source.hpp"
#include "connector/webhooks/event_outbox.hpp"
#include "connector/webhooks/webhooks.hpp"
#include "connector/worker.hpp"
#include "ilp/clock.hpp"
#include "peering/admin/mutations.hpp"
#include "peering/admin/resolvers.hpp"
#include "peering/admin/services.hpp"
#include "peering/administration/administration.hpp"
#include "peering/administration/auto_peers.hpp"
#include "peering/administration/file_terms.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/operator_transfers.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/directory/directory.hpp"
#include "peering/open_store.hpp"

#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace connector {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds commit_timeout{10000};  // for the last commits during shutdown
constexpr milliseconds tick_length{200};
constexpr milliseconds drain_margin{2000};  // on top of the longest hold time of a packet

tcp::endpoint to_endpoint(const config::listen_address& address) {
    return {boost::asio::ip::make_address(address.host), address.port};
}

std::string to_text(const tcp::endpoint& endpoint) {
    const auto host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                      : fmt::format("{}:{}", host, endpoint.port());
}

/// The whole daemon. Members are declared in the order of construction; destruction in the reverse order is the
/// shutdown.
class app {
public:
    app(std::string file, config::settings settings) : file_{std::move(file)}, settings_{std::move(settings)} {}

    exit_status run() {
        if (!open_store()) return exit_status::failure;
        start_rates();
        if (!start_workers() || !start_metrics() || !start_admin() || !start_auto_peering())
            return exit_status::failure;
        signals_.async_wait([this](error_code error, int signal) {
            if (!error) drain(signal);
        });
        await_reload();
        tick();
        if (webhooks_) webhooks_->look_for_events();
        ::malloc_trim(0);  // returns the memory that loading the store and the file took
        ready_ = true;
        log::write(log::level::info, "ready",
                   {{"ilp_address", settings_.ilp_address.text()},
                    {"ilp", to_text(workers_.front()->local_endpoint())},
                    {"admin", to_text(admin_server_->local_endpoint())},
                    {"metrics", to_text(metrics_->local_endpoint())},
                    {"store", peering::printable_store_url(settings_.store.url)},
                    {"peers", std::to_string(directory_.peer_count())},
                    {"workers", std::to_string(workers_.size())}});
        control_.run();
        return stop();
    }

private:
    bool fail(std::string_view message) {
        log::write(log::level::error, message);
        return false;
    }

    bool open_store() {
        auto opened = peering::open_store(settings_.store.url);
        if (!opened) return fail(opened.error().message);
        store_ = std::move(*opened);
        if (settings_.store.url.starts_with("memory:")) {
            log::write(log::level::warn,
                       "store.url is memory: the store keeps nothing, so balances are lost when the daemon stops");
        }
        const auto known = store_->load();
        if (!known) return fail(known.error().message);
        keeper_ = std::make_unique<peering::bookkeeper>(ledger_, *store_, thresholds_);
        keeper_->keep_events(settings_.webhooks.url.has_value());
        keeper_->on_events([this](std::span<const peering::event_record> events) { tell(events); });
        if (auto opened_book = peering::open_directory(directory_, *known, *keeper_); !opened_book) {
            return fail(opened_book.error());
        }
        if (auto problem = take_file(settings_, *keeper_, [] {})) return fail(*problem);
        settings_.peers = {};  // the directory has them; keeping many of them here would waste memory
        committer_ = std::make_unique<peering::committer>(*keeper_);
        transfers_ = std::make_unique<peering::operator_transfers>(*committer_);
        if (!transfers_->restore(known->pending_withdrawals, ledger_)) {
            return fail(
                "the book is inconsistent: a pending withdrawal in the store is malformed, or its account does not "
                "have the amount: restore a backup");
        }
        committer_->on_health_change([](bool healthy, const std::string& error) {
            if (healthy) {
                log::write(log::level::info, "the store accepts transfers again");
            } else {
                log::write(log::level::error,
                           "the store does not accept transfers; new packets are refused until it does",
                           {{"error", error}});
            }
        });
        if (settings_.webhooks.url) {
            outbox_ = std::make_unique<store_outbox>(*committer_, control_);
            webhooks_ = std::make_unique<webhooks>(control_, settings_.webhooks, *outbox_);
        }
        return true;
    }

    /// Applies the peers and assets of the file, all or nothing; `done` is called when every worker uses them. Called
    /// on the committer's thread, or during startup.
    std::optional<std::string> take_file(const config::settings& settings, peering::bookkeeper& keeper,
                                         std::function<void()> done) {
        peering::transaction transaction{keeper, ilp::wall_clock()};
        if (auto problem = peering::apply_file(settings, directory_, transaction)) return problem;
        const auto written = administration_.commit(transaction, std::move(done));
        if (!written) return written.error().message;
        return std::nullopt;
    }

    /// Called on the committer's thread, or during startup.
    void tell(std::span<const peering::event_record> events) {
        for (const peering::event_record& event : events) {
            log::write(log::level::warn, "liquidity is low", {{"event", event.type}, {"data", event.data}});
        }
        boost::asio::post(control_, [this] {
            if (webhooks_) webhooks_->look_for_events();
        });
    }

    void start_rates() {
        rate_source_ = std::make_unique<rate_source>(control_, [this](std::shared_ptr<const rate_table> rates) {
            rates_ = std::move(rates);
            for (const auto& worker : workers_) worker->install_rates(rates_);
        });
        rate_source_->configure(settings_.rates, directory_);
        administration_.on_assets_changed(
            [this] { boost::asio::post(control_, [this] { rate_source_->assets_changed(directory_); }); });
    }

    bool start_workers() {
        tcp::endpoint endpoint = to_endpoint(settings_.connector.listen);
        if (!port_is_free(endpoint)) return false;
        const unsigned count = settings_.connector.workers != 0 ? settings_.connector.workers
                                                                : std::max(1U, std::thread::hardware_concurrency());
        for (unsigned i = 0; i < count; ++i) {
            workers_.push_back(std::make_unique<worker>(settings_.connector, directory_, rates_, *committer_));
            if (const error_code error = workers_.back()->listen(endpoint)) {
                return fail(
                    fmt::format("connector.listen: cannot listen on {}: {}", to_text(endpoint), error.message()));
            }
            endpoint = workers_.front()->local_endpoint();  // resolves port 0, for all workers
        }
        administration_.publish_with([this](const auto& updates, const auto& done) { publish(updates, done); });
        committer_->start();
        for (const auto& worker : workers_) worker->start();
        return true;
    }

    /// Called on the committer's thread. Every worker gets the updates in the order in which they were written.
    void publish(const std::vector<peering::peer_update>& updates, const std::function<void()>& done) {
        const auto missing = std::make_shared<std::atomic<std::size_t>>(workers_.size());
        for (const auto& worker : workers_) {
            worker->apply(updates, [missing, done] {
                if (--*missing == 0) done();
            });
        }
    }

    /// The workers bind with SO_REUSEPORT, which would let a second daemon share the port as well; so this tries to
    /// bind without it first.
    bool port_is_free(const tcp::endpoint& endpoint) {
        error_code error;
        tcp::acceptor probe{control_};
        probe.open(endpoint.protocol(), error);
        if (!error) probe.set_option(tcp::acceptor::reuse_address{true}, error);
        if (!error) probe.bind(endpoint, error);
        if (!error) return true;
        return fail(fmt::format("connector.listen: cannot listen on {}: {}", to_text(endpoint), error.message()));
    }

    bool start_metrics() {
        metrics_ = std::make_unique<metrics_server>(
            control_, metrics_server::sources{.metrics = [this](auto done) { collect(std::move(done)); },
                                              .ready = [this] { return is_ready(); }});
        const tcp::endpoint endpoint = to_endpoint(settings_.metrics.listen);
        if (const error_code error = metrics_->listen(endpoint)) {
            return fail(fmt::format("metrics.listen: cannot listen on {}: {}", to_text(endpoint), error.message()));
        }
        return true;
    }

    bool start_admin() {
        auto_peers_ = std::make_unique<peering::auto_peers>(directory_, administration_, settings_.auto_peering);
        auto_peering_client_ = std::make_unique<auto_peering_client>(control_, *committer_, *auto_peers_);
        services_ = std::make_unique<peering::admin::services>(peering::admin::services{
            .directory = directory_,
            .administration = administration_,
            .transfers = *transfers_,
            .committer = *committer_,
            .auto_peers = *auto_peers_,
            .tenant_id = settings_.admin.tenant_id,
            .version = ILPD_VERSION,
            .started_at = ilp::wall_clock(),
            .ready = [this] { return is_ready(); },
            .ping = [this](const std::string& address,
                           milliseconds timeout) { return ping(control_, directory_, address, timeout); },
            .ask_node =
                [this](const peering::peering_question& question) {
                    return auto_peering_client_->answer_to(question);
                }});
        mutations_ = std::make_unique<peering::admin::mutations>(*services_);
        engine_ = peering::admin::make_engine(*services_, *mutations_);
        admin_server_ = std::make_unique<admin_server>(control_, settings_.admin, *engine_,
                                                       [] { return std::make_unique<peering::graphql::context>(); });
        const tcp::endpoint endpoint = to_endpoint(settings_.admin.listen);
        if (const error_code error = admin_server_->listen(endpoint)) {
            return fail(fmt::format("admin.listen: cannot listen on {}: {}", to_text(endpoint), error.message()));
        }
        return true;
    }

    bool start_auto_peering() {
        if (!settings_.auto_peering.enabled) return true;
        auto_peering_server_ = std::make_unique<auto_peering_server>(control_, *committer_, *auto_peers_,
                                                                     settings_.auto_peering.request_rate);
        const tcp::endpoint endpoint = to_endpoint(settings_.auto_peering.listen);
        if (const error_code error = auto_peering_server_->listen(endpoint)) {
            return fail(
                fmt::format("auto_peering.listen: cannot listen on {}: {}", to_text(endpoint), error.message()));
        }
        return true;
    }

    /// May be called from any thread.
    bool is_ready() const { return ready_ && committer_->store_is_healthy(); }

    /// Asks every worker for its counters; the last one to answer completes the scrape.
    void collect(std::function<void(std::string)> done) {
        struct collection {
            std::vector<peer_sample> samples;
            std::size_t missing;
            std::function<void(std::string)> done;
        };
        auto collected = std::make_shared<collection>(collection{{}, workers_.size(), std::move(done)});
        for (const auto& worker : workers_) {
            worker->sample([this, collected](std::vector<peer_sample> samples) {
                boost::asio::post(control_, [this, collected, samples = std::move(samples)]() mutable {
                    std::ranges::move(samples, std::back_inserter(collected->samples));
                    if (--collected->missing != 0) return;
                    write_out({directory_, committer_->stats(), std::move(collected->samples),
                               webhooks_ ? std::optional{webhooks_->stats()} : std::nullopt, rate_source_->ages()},
                              std::move(collected->done));
                });
            });
        }
    }

    /// Runs on a helper thread: with many peers it takes a while, which would block the control loop.
    void write_out(scrape scrape, std::function<void(std::string)> done) {
        boost::asio::post(helper_, [this, scrape = std::move(scrape), done = std::move(done)]() mutable {
            boost::asio::post(control_,
                              [text = expose(scrape), done = std::move(done)]() mutable { done(std::move(text)); });
        });
    }

    /// Periodic checks.
    void tick() {
        committer_->watch(std::chrono::steady_clock::now());
        transfers_->expire(ilp::wall_clock());
        ticker_.expires_after(tick_length);
        ticker_.async_wait([this](error_code error) {
            if (!error) tick();
        });
    }

    void await_reload() {
        reload_signal_.async_wait([this](error_code error, int) {
            if (!error) reload();
        });
    }

    using loaded_settings = std::shared_ptr<const config::settings>;

    /// Applies peers, assets and rates of the file, all or nothing: a file with a problem changes nothing.
    void reload() {
        boost::asio::post(helper_, [this] {
            auto loaded = config::load_file(file_, config::process_environment());
            if (!loaded) {
                for (const config::problem& problem : loaded.error()) log::write(log::level::error, to_string(problem));
                return boost::asio::post(control_, [this] { not_reloaded("the configuration file has errors"); });
            }
            boost::asio::post(control_, [this, loaded = std::make_shared<const config::settings>(std::move(*loaded))] {
                reload_with(loaded);
            });
        });
    }

    void reload_with(const loaded_settings& loaded) {
        const bool accepted =
            committer_->store_is_healthy() && committer_->execute([this, loaded](peering::bookkeeper& keeper) {
                auto problem = take_file(*loaded, keeper, [this, loaded] {
                    boost::asio::post(control_, [this, loaded] { reloaded(*loaded); });
                });
                if (!problem) return;
                boost::asio::post(control_, [this, problem = std::move(*problem)] { not_reloaded(problem); });
            });
        if (!accepted) not_reloaded("the store is not available");
    }

    void reloaded(const config::settings& loaded) {
        const bool needs_restart = loaded.ilp_address != settings_.ilp_address ||
                                   loaded.connector != settings_.connector || loaded.admin != settings_.admin ||
                                   loaded.auto_peering != settings_.auto_peering ||
                                   loaded.metrics != settings_.metrics || loaded.store != settings_.store ||
                                   loaded.webhooks != settings_.webhooks || loaded.log != settings_.log;
        rate_source_->configure(loaded.rates, directory_);
        if (needs_restart) {
            log::write(log::level::warn, "settings other than assets, peers and rates take effect at the next start");
        }
        log::write(log::level::info, "reloaded", {{"peers", std::to_string(directory_.peer_count())}});
        await_reload();
    }

    void not_reloaded(std::string_view reason) {
        log::write(log::level::error, "the reload failed; nothing has changed", {{"reason", std::string{reason}}});
        await_reload();
    }

    void drain(int signal) {
        ready_ = false;
        reload_signal_.cancel();
        ticker_.cancel();
        log::write(log::level::info, "stopping: new packets are refused, packets in flight are finished",
                   {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
        draining_ = workers_.size() + 1;
        const auto ended = [this] {
            if (--draining_ == 0) control_.stop();
        };
        admin_server_->stop(ended);
        for (const auto& worker : workers_) {
            worker->drain([this, ended] { boost::asio::post(control_, ended); });
        }
        drain_deadline_.expires_after(settings_.connector.max_hold_time + drain_margin);
        drain_deadline_.async_wait([this](error_code error) {
            if (!error) control_.stop();
        });
        signals_.async_wait([this](error_code error, int) {
            if (error) return;
            log::write(log::level::warn, "stopping at once, because a second signal arrived");
            control_.stop();
        });
    }

    exit_status stop() {
        const bool drained = draining_ == 0;
        for (const auto& worker : workers_) worker->stop();
        const bool committed = committer_->stop(commit_timeout);
        if (!committed) {
            log::write(log::level::error, "stopped with transfers that the store did not accept; they are lost",
                       {{"error", committer_->last_error()}});
        } else if (!drained) {
            log::write(log::level::warn, "stopped with packets in flight; their transfers are void");
        } else {
            log::write(log::level::info, "stopped");
        }
        return drained && committed ? exit_status::clean_stop : exit_status::failure;
    }

    const std::string file_;
    config::settings settings_;
    boost::asio::io_context control_{1};
    boost::asio::signal_set signals_{control_, SIGTERM, SIGINT};
    boost::asio::signal_set reload_signal_{control_, SIGHUP};
    boost::asio::steady_timer drain_deadline_{control_};
    boost::asio::steady_timer ticker_{control_};
    std::size_t draining_ = 0;
    std::atomic<bool> ready_ = false;

    std::unique_ptr<peering::store> store_;
    peering::ledger ledger_;
    peering::thresholds thresholds_;
    std::unique_ptr<peering::bookkeeper> keeper_;
    peering::directory directory_{settings_.ilp_address};
    peering::administration administration_{directory_};
    std::unique_ptr<peering::committer> committer_;
    std::unique_ptr<peering::operator_transfers> transfers_;
    std::unique_ptr<event_outbox> outbox_;
    std::unique_ptr<webhooks> webhooks_;
    std::unique_ptr<rate_source> rate_source_;
    std::shared_ptr<const rate_table> rates_;  ///< the latest table
    std::vector<std::unique_ptr<worker>> workers_;
    std::unique_ptr<metrics_server> metrics_;

    std::unique_ptr<peering::auto_peers> auto_peers_;
    std::unique_ptr<auto_peering_client> auto_peering_client_;
    std::unique_ptr<auto_peering_server> auto_peering_server_;
    std::unique_ptr<peering::admin::services> services_;
    std::unique_ptr<peering::admin::mutations> mutations_;
    std::unique_ptr<const peering::graphql::engine> engine_;
    std::unique_ptr<admin_server> admin_server_;

    /// For work that would block the control loop too long. Its destructor joins the threads, which use the members
    /// above.
    boost::asio::thread_pool helper_{2};  // two threads, so that a scrape need not wait for a reload
};

}  // namespace

exit_status run(const std::string& file, config::settings settings) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an outage of the store, not a reason to die
    return app{file, std::move(settings)}.run();
}

}  // namespace connector
