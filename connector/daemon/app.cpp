#include "connector/daemon/app.hpp"

#include "config/load.hpp"
#include "config/public_token.hpp"
#include "connector/base/descriptor_shares.hpp"
#include "connector/base/held_signals.hpp"
#include "connector/base/listen.hpp"
#include "connector/base/log.hpp"
#include "connector/base/passed_sockets.hpp"
#include "connector/base/service_manager.hpp"
#include "connector/control/metrics_server.hpp"
#include "connector/control/payment_setup.hpp"
#include "connector/control/spsp_server.hpp"
#include "connector/daemon/book.hpp"
#include "connector/daemon/exposure.hpp"
#include "connector/daemon/history_keeper.hpp"
#include "connector/daemon/metrics_collector.hpp"
#include "connector/daemon/operator_servers.hpp"
#include "connector/daemon/operator_tls.hpp"
#include "connector/daemon/reachability_watch.hpp"
#include "connector/daemon/reload.hpp"
#include "connector/daemon/service_watch.hpp"
#include "connector/daemon/shutdown.hpp"
#include "connector/daemon/store_opener.hpp"
#include "connector/daemon/store_standing.hpp"
#include "connector/daemon/surplus_memory.hpp"
#include "connector/payments/payment_service.hpp"
#include "connector/rates/rate_source.hpp"
#include "connector/routing/payment_addresses.hpp"
#include "connector/transport/http/reply_schedule.hpp"
#include "connector/webhooks/event_outbox.hpp"
#include "connector/webhooks/webhooks.hpp"
#include "connector/worker/worker_pool.hpp"
#include "ilp/clock.hpp"
#include "peering/open_store.hpp"
#include "peering/records/uuid.hpp"
#include "peering/store/instance_file.hpp"
#include "peering/store/postgres/postgres_url.hpp"
#include "peering/store/tenancy.hpp"

#include <malloc.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace connector {
namespace {

constexpr std::chrono::milliseconds tick_length{200};
constexpr int ticks_between_looks_at_memory = 25;
constexpr std::chrono::days expiry_check_pause{1};

struct event_line {
    log::level level;
    std::string_view message;
    std::string_view kind;
};

event_line line_about(std::string_view event_type) {
    if (event_type == "peer.unreachable") return {log::level::warn, "a peer does not take our packets", "lost peer"};
    if (event_type == "peer.reachable") return {log::level::info, "a peer takes our packets again", "found peer"};
    if (event_type == "peer.books_in_doubt") {
        return {log::level::warn,
                "the last process did not stop in good order: up to addedAmount may have been fulfilled by the peer "
                "and is in no book; compare the books, then run ilpctl doubt agree or ilpctl doubt correct",
                "doubt"};
    }
    return {log::level::warn, "liquidity is low", "liquidity"};
}

std::string host_name() {
    boost::system::error_code error;
    std::string name = boost::asio::ip::host_name(error);
    return error ? "an unknown host" : name;
}

/// The id of the peer or asset that the event is about. Its packets can cross a threshold again and again.
std::string owner_of(const peering::event_record& event) {
    boost::system::error_code error;
    const auto data = boost::json::parse(event.data, error);
    const auto* const object = error ? nullptr : data.if_object();
    const auto* const id = object == nullptr ? nullptr : object->if_contains("id");
    return id != nullptr && id->is_string() ? std::string{id->as_string()} : std::string{};
}

/// The whole daemon, put together. Members are declared in the order of construction.
class app {
public:
    app(const std::string& file, config::settings settings)
        : file_{file},
          settings_{std::move(settings)},
          reload_{file,
                  settings_,
                  {.control = control_,
                   .helper = helper_,
                   .book = book_,
                   .rates = rate_source_,
                   .use_tls = [this](const operator_tls& tls) { use_tls(tls); },
                   .began = [this] { service_watch_->reload_began(); },
                   .ended = [this](std::string_view problem) { service_watch_->reload_ended(problem); }}} {}

    exit_status run() {
        auto problem = start();
        if (stops_early_) {
            log::write(log::level::info, "stopped before the store was open");
            return exit_status::clean_stop;
        }
        if (problem) {
            log::write(log::level::error, *problem);
            return exit_status::failure;
        }
        ::malloc_trim(0);  // returns the memory that loading the store and the file took
        ready_ = true;
        log::write(log::level::info, "ready",
                   {{"ilp_address", settings_.ilp_address.text()},
                    {"ilp", to_text(workers_.local_endpoint())},
                    {"admin", to_text(operator_servers_->admin().local_endpoint())},
                    {"metrics", to_text(metrics_server_->local_endpoint())},
                    {"spsp", spsp_listener().value_or("off")},
                    {"store", peering::printable_store_url(settings_.store.url)},
                    {"peers", book_.directory.peer_count()},
                    {"accounts", book_.directory.receiving_account_count()},
                    {"workers", workers_.size()}});
        service_watch_->ready();
        release_signals();
        control_.run();
        hold_signals();  // once nothing handles them any more, a late one would end the process by its default action
        const exit_status status = shutdown_.finish(workers_, *book_.committer);
        helper_.stop();
        helper_.join();  // its threads use members that are destroyed before it
        return status;
    }

private:
    using problem = std::optional<std::string>;

    /// Returns what prevents the start, if anything does.
    problem start() {
        const std::uint64_t descriptors = raise_descriptor_limit();
        if (!config::is_loopback(settings_.connector.listen)) book_.administration.refuse_guessable_tokens();
        if (problem found = take_passed_sockets()) return found;
        if (problem found = make_tls()) return found;
        if (problem found = start_metrics()) return found;
        auto store = open_store();
        if (!store) return std::move(store).error().message;
        if (problem found = book_.open(std::move(*store), settings_, [this](auto events) { report_events(events); }))
            return found;
        for (const std::string& exposure : exposures(file_, settings_)) log::write(log::level::warn, exposure);
        static_cast<void>(std::exchange(settings_.peers, {}));  // the directory has them; `= {}` would keep the memory
        warn_about_receiving();
        share_out(descriptors);
        start_webhooks();
        start_rates();
        const auto point = passed_sockets_.point_for("connector.listen", settings_.connector.listen);
        if (!point) return point.error();
        if (problem found = workers_.listen(settings_.connector, *point, book_.directory, *book_.committer,
                                            {.listener = tls_.packets, .links = tls_.links}, receiver_secrets_,
                                            book_.split_outcomes))
            return found;
        if (problem found = start_spsp()) return found;
        auto servers = operator_servers::start(control_, settings_, tls_, book_, workers_, passed_sockets_,
                                               spsp_listener(), standing_.for_admin(), [this] { return is_ready(); });
        if (!servers) return std::move(servers).error();
        operator_servers_ = std::move(*servers);
        for (const std::string& warning : passed_sockets_.unused()) log::write(log::level::warn, warning);
        start_payments();
        start_workers();  // nothing may fail after the first packet
        service_watch_.emplace(control_, service_manager_, workers_, book_);
        reachability_watch_.emplace(workers_.reachability(), book_.directory, *book_.committer);
        start_history_keeper();
        await_signals();
        tick();
        return std::nullopt;
    }

    problem take_passed_sockets() {
        auto taken = passed_sockets::take(config::process_environment());
        if (!taken) return std::move(taken).error();
        passed_sockets_ = std::move(*taken);
        return std::nullopt;
    }

    problem make_tls() {
        auto made = operator_tls::make(settings_);
        if (!made) return std::move(made).error();
        tls_ = std::move(*made);
        for (const std::string& warning : tls_.warnings()) log::write(log::level::warn, warning);
        return std::nullopt;
    }

    void use_tls(const operator_tls& tls) {
        tls_ = tls;
        metrics_server_->use_tls(tls.metrics);
        operator_servers_->use_tls(tls);
        if (spsp_server_) spsp_server_->use_tls(tls.spsp);
        if (webhooks_) webhooks_->use_tls(tls.webhooks);
        workers_.use_tls({.listener = tls.packets, .links = tls.links});
        expiry_check_due_ = {};
    }

    void warn_about_receiving() const {
        if (settings_.receiving.secret || book_.directory.receiving_account_count() == 0) return;
        log::write(log::level::warn,
                   "receiving.secret is not set: a restart breaks off the payments to our accounts that are under way, "
                   "and makes all addresses invalid that were given out before it");
    }

    payment_addresses own_payment_addresses() const {
        return {settings_.ilp_address, receiver_secrets_, settings_.receiving.address_lifetime};
    }

    problem start_spsp() {
        if (!settings_.spsp.enabled) return std::nullopt;
        payment_setup_.emplace(book_.directory, own_payment_addresses());
        spsp_server_ = std::make_unique<spsp_server>(control_, settings_.spsp, [this](std::string_view account) {
            return payment_setup_->details_for(account, ilp::wall_clock());
        });
        spsp_server_->use_tls(tls_.spsp);
        return listen(*spsp_server_, "spsp.listen", settings_.spsp.listen, passed_sockets_);
    }

    std::optional<std::string> spsp_listener() const {
        return spsp_server_ ? std::optional{to_text(spsp_server_->local_endpoint())} : std::nullopt;
    }

    void share_out(std::uint64_t descriptors) const {
        const unsigned workers = worker_count(settings_.connector);
        const auto shares = share_descriptors(descriptors, workers, workers * book_.directory.peer_count());
        apply(shares);
        const std::uint64_t wanted = std::uint64_t{workers} * settings_.connector.max_connections;
        if (shares.connections >= wanted) return;
        log::write(
            log::level::warn,
            "the limit of open files leaves room for fewer connections than connector.max_connections allows: raise "
            "it (LimitNOFILE=, ulimit -Hn), or lower the setting",
            {{"limit", descriptors}, {"room", shares.connections}, {"allowed", wanted}});
    }

    /// Who this daemon is among those that can reach the database.
    peering::store_tenant tenant() {
        const auto& store = settings_.store;
        const auto hold_time = settings_.connector.max_hold_time;
        peering::store_tenant who{.host = standing_.host(),
                                  .lease_time = store.lease_time.value_or(hold_time + config::lease_margin),
                                  .max_hold_time = hold_time,
                                  .waits = store.standby};
        if (!peering::is_postgres_url(store.url)) return who;
        auto opened = peering::instance_file::open(store.instance_file ? store.instance_file->text
                                                                       : std::string{config::default_instance_file});
        if (opened) {
            who.instance = opened->name();
            instance_file_.emplace(std::move(*opened));
        } else {
            who.instance = peering::new_uuid();  // the same for all attempts of this process
            log::write(log::level::warn,
                       "this daemon has no name in its database: a restart after a crash has to wait for the end of "
                       "the lease",
                       {{"error", opened.error()}});
        }
        return who;
    }

    /// The control loop runs meanwhile, so that health checks are answered, and until a signal ends it.
    store_opener::result open_store() {
        store_opener opener{
            control_, settings_.store.url, tenant(), settings_.store.startup_timeout,
            [this](const auto& holder) { standing_.note_wait(holder, std::chrono::steady_clock::now()); }};
        store_opener::result opened;
        opener.open([&](store_opener::result result) {
            opened = std::move(result);
            control_.stop();
        });
        shutdown_.await_early_signal([this] {
            stops_early_ = true;
            control_.stop();
        });
        release_signals();
        control_.run();
        control_.restart();
        hold_signals();
        control_.poll();  // a signal that came together with the store ends the start, and not a daemon that is ready
        control_.restart();
        if (opened) standing_.note_open(ilp::wall_clock());
        return stops_early_ ? std::unexpected{peering::store_error{}} : std::move(opened);
    }

    /// Called on the committer's thread, or during startup.
    void report_events(std::span<const peering::event_record> events) {
        for (const peering::event_record& event : events) {
            if (event.type == "incoming_payment.completed") {  // as often as there are payments
                log::write(log::level::debug, "a payment has arrived", {{"data", log::json{event.data}}});
                continue;
            }
            constexpr std::size_t owners_max = 4096;
            const event_line line = line_about(event.type);
            log::write_seldom({line.kind, owner_of(event), owners_max}, line.level, line.message,
                              {{"event", event.type}, {"data", log::json{event.data}}});
        }
        boost::asio::post(control_, [this] {
            if (webhooks_) webhooks_->look_for_events();
        });
    }

    /// Events that were not delivered before the last stop are in the store.
    void start_webhooks() {
        if (!settings_.webhooks.url) return;
        outbox_ = std::make_unique<store_outbox>(*book_.committer, control_);
        webhooks_ = std::make_unique<webhooks>(control_, settings_.webhooks, *outbox_, tls_.webhooks);
        boost::asio::post(control_, [this] { webhooks_->look_for_events(); });
    }

    void start_rates() {
        rate_source_.configure(settings_.rates, book_.directory, tls_.rates);
        book_.administration.on_assets_changed(
            [this] { boost::asio::post(control_, [this] { rate_source_.assets_changed(book_.directory); }); });
    }

    /// Goes on with those that had not ended at the last stop.
    void start_payments() {
        payments_.emplace(payment_service::parts{
            .control = control_,
            .committer = *book_.committer,
            .payments = book_.payments,
            .directory = book_.directory,
            .quote = [this](auto order, auto done) { workers_.quote(std::move(order), std::move(done)); },
            .pay = [this](auto order, auto done) { workers_.pay(std::move(order), std::move(done)); },
            .cancel = [this](std::uint64_t number) { workers_.cancel_payment(number); },
            .resolve = [this](auto endpoint, auto done) { look_up_receiver(std::move(endpoint), std::move(done)); },
            .own_account = [addresses = std::make_shared<payment_addresses>(own_payment_addresses())](
                               const ilp::address& address) { return addresses->account_at(address.text()); }});
        payments_->start();
    }

    /// A payment pointer must not lead into private networks unless the settings allow it. Only a receiver that is
    /// written as a loopback address without TLS is on this host, and nothing else.
    void look_up_receiver(config::http_endpoint endpoint, std::function<void(payment_service::found)> done) {
        spsp_call call{.endpoint = std::move(endpoint), .tls = tls_.receivers};
        if (!call.endpoint.is_https()) {
            call.may_connect = [](const boost::asio::ip::address& address) { return address.is_loopback(); };
        } else if (settings_.sending.allow_private_addresses) {
            call.may_connect = nullptr;
        }
        query_spsp(control_, std::move(call), std::move(done));
    }

    void start_workers() {
        book_.administration.publish_with(
            [this](const auto& update, const auto& done) { workers_.publish(update, done); });
        book_.committer->start();
        workers_.start();
    }

    void start_history_keeper() {
        const auto& keep = settings_.store.keep_history;
        if (!keep || !book_.store->is_durable()) return;
        history_keeper_ = std::make_unique<history_keeper>(control_, *book_.committer, *keep);
        history_keeper_->start();
    }

    problem start_metrics() {
        collector_ =
            std::make_unique<metrics_collector>(metrics_collector::parts{.control = control_,
                                                                         .helper = helper_,
                                                                         .settings = settings_.connector,
                                                                         .book = book_,
                                                                         .workers = workers_,
                                                                         .rates = rate_source_,
                                                                         .webhooks = webhooks_,
                                                                         .spsp = spsp_server_,
                                                                         .history = history_keeper_,
                                                                         .reload = reload_,
                                                                         .tls = tls_,
                                                                         .standing = standing_,
                                                                         .is_ready = [this] { return is_ready(); }});
        metrics_server_ = std::make_unique<metrics_server>(
            control_, metrics_server::sources{.metrics =
                                                  [this](auto done) {
                                                      if (!ready_ && !shutdown_.has_begun())
                                                          return done(collector_->expose_start());
                                                      collector_->collect(std::move(done));
                                                  },
                                              .ready = [this] { return is_ready(); }});
        metrics_server_->use_tls(tls_.metrics);
        return listen(*metrics_server_, "metrics.listen", settings_.metrics.listen, passed_sockets_);
    }

    void await_signals() {
        reload_.await_signal();
        shutdown_.await_signal(parts_of_shutdown());
    }

    shutdown::parts parts_of_shutdown() {
        return {.refuse_new_work = [this] { refuse_new_work(); },
                .stop_admin =
                    [this](std::function<void()> stopped) { operator_servers_->admin().stop(std::move(stopped)); },
                .workers = workers_,
                // The answer to the last packet is posted once, too.
                .longest_drain = std::max(settings_.connector.max_hold_time, settings_.connector.shutdown_grace) +
                                 reply_schedule::attempt_max};
    }

    void refuse_new_work() {
        ready_ = false;
        service_watch_->stopping();
        reload_.stop();
        metrics_server_->drain();
        operator_servers_->drain_auto_peering();
        if (spsp_server_) spsp_server_->drain();
        payments_->stop();
    }

    /// Periodic checks.
    void tick() {
        const ilp::instant now = ilp::read_clocks();
        book_.committer->watch(now.steady);
        shutdown_.watch_store(book_.committer->store_is_healthy(), now.steady);
        if (book_.committer->is_taken_over() && !std::exchange(stops_as_taken_over_, true)) stop_because_taken_over();
        if (!shutdown_.has_begun()) book_.transfers->expire(now);
        if (!shutdown_.has_begun()) reachability_watch_->look(now.steady);
        if (ready_) service_watch_->look(now.steady);
        collector_->look_up_store_size();
        look_at_memory();
        look_at_certificates(now);
        ticker_.expires_after(tick_length);
        ticker_.async_wait([this](boost::system::error_code error) {
            if (!error) tick();
        });
    }

    /// What waits can never be written, and what this process knows about balances is out of date. A new process begins
    /// with the book as it is, or waits as a standby.
    void stop_because_taken_over() {
        log::write(log::level::error, "another daemon has taken over the store: this one rejects its packets and stops",
                   {{"error", book_.committer->last_error()}});
        shutdown_.give_up(parts_of_shutdown());
    }

    void look_at_certificates(const ilp::instant& now) {
        if (now.steady < expiry_check_due_) return;
        expiry_check_due_ = now.steady + expiry_check_pause;
        for (const std::string& warning : tls_.expiry_warnings(now.wall)) log::write(log::level::warn, warning);
    }

    void look_at_memory() {
        if (++ticks_ % ticks_between_looks_at_memory != 0 || looks_at_memory_.exchange(true)) return;
        boost::asio::post(helper_, [this] {
            give_back(surplus_memory_);
            looks_at_memory_ = false;
        });
    }

    /// May be called from any thread.
    bool is_ready() const { return ready_ && book_.committer->may_accept_packets(std::chrono::steady_clock::now()); }

    const std::string file_;
    config::settings settings_;
    std::shared_ptr<const ilp::stream::receiver_secrets> receiver_secrets_ = make_receiver_secrets(settings_.receiving);
    service_manager service_manager_{config::process_environment()};
    passed_sockets passed_sockets_;
    operator_tls tls_;
    ilp::steady_time expiry_check_due_;
    boost::asio::io_context control_{1};
    /// For work that would block the control loop too long. Two threads, so that a scrape need not wait for a reload.
    boost::asio::thread_pool helper_{2};
    shutdown shutdown_{control_};
    boost::asio::steady_timer ticker_{control_};
    std::atomic<bool> ready_ = false;
    int ticks_ = 0;
    std::atomic<bool> looks_at_memory_ = false;
    surplus_memory surplus_memory_;
    bool stops_early_ = false;  ///< a signal has ended the start
    bool stops_as_taken_over_ = false;

    store_standing standing_{"on " + host_name() + ", process " + std::to_string(::getpid()),
                             peering::is_postgres_url(settings_.store.url)};
    std::optional<peering::instance_file> instance_file_;  ///< is locked for longer than the store is open
    book book_{settings_.ilp_address};
    std::unique_ptr<event_outbox> outbox_;
    std::unique_ptr<webhooks> webhooks_;
    worker_pool workers_{control_};
    std::optional<reachability_watch> reachability_watch_;
    std::optional<service_watch> service_watch_;
    rate_source rate_source_{
        control_, [this](std::shared_ptr<const rate_table> rates) { workers_.install_rates(std::move(rates)); }};
    reload reload_;
    std::unique_ptr<history_keeper> history_keeper_;
    std::unique_ptr<metrics_collector> collector_;
    std::unique_ptr<metrics_server> metrics_server_;
    std::unique_ptr<operator_servers> operator_servers_;
    std::optional<payment_setup> payment_setup_;
    std::unique_ptr<spsp_server> spsp_server_;
    std::optional<payment_service> payments_;
};

}  // namespace

exit_status run(const std::string& file, config::settings settings) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an outage of the store, not a reason to die
    return app{file, std::move(settings)}.run();
}

}  // namespace connector
