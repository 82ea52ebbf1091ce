#include "connector/webhooks/event_outbox.hpp"

#include "config/value.hpp"
#include "connector/webhooks/webhooks.hpp"
#include "peering/administration/recovery.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/open_store.hpp"
#include "peering/records/uuid.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/support/postgres_server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace event_outbox_test {

using namespace connector;
using namespace support;
using namespace std::chrono_literals;
using peering::incoming_payments;

namespace {

const peering::uuid_text alice{"0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3"};
constexpr ilp::instant paid_at{ilp::timestamp{1'700'000'000'000ms}, ilp::steady_time{1h}};

/// What a daemon has between its store and the receiver of its events.
class sending_node {
public:
    sending_node(const std::string& store_url, std::uint16_t receiver_port)
        : store_{peering::open_store(store_url).value()} {
        keeper_.report_incoming_payments(10s);
        const auto found = store_->load().value();
        REQUIRE(peering::restore_events(found, keeper_).has_value());
        config::webhook_settings settings;
        settings.url = config::http_url().parse(fmt::format("http://127.0.0.1:{}/", receiver_port)).value();
        settings.timeout = 1h;
        sender_ = std::make_unique<webhooks>(control_, settings, outbox_);
    }
    ~sending_node() { committer_.stop(patience); }
    sending_node(const sending_node&) = delete;
    sending_node& operator=(const sending_node&) = delete;

    /// Takes payments of 1, 2, and so on, whose senders close them. Call it before start().
    void take_payments(std::uint32_t count) {
        peering::posting_batch batch;
        for (std::uint32_t i = 1; i <= count; ++i) {
            peering::connection_id id{};
            for (std::size_t at = 0; at < 4; ++at) id[at] = static_cast<std::uint8_t>(i >> (8 * at));
            batch.received_over(id) = {.account = alice,
                                       .asset_code = "USD",
                                       .asset_scale = 9,
                                       .address_expires_at = paid_at.wall,
                                       .amount = i,
                                       .packets = 1,
                                       .first = paid_at,
                                       .last = paid_at,
                                       .has_ended = true};
        }
        keeper_.set_pending_batch(&batch);
        REQUIRE(keeper_.write({}).has_value());
        REQUIRE(keeper_.end_idle_payments(paid_at.steady).has_value());
    }
    std::uint64_t pending() const { return keeper_.undelivered().pending(); }

    void start() {
        committer_.start();
        sender_->look_for_events();
    }
    void raise(const peering::event_record& event) {
        REQUIRE(committer_.execute([this, event](peering::bookkeeper& keeper) {
            if (keeper.write({.new_events = {&event, 1}})) {
                boost::asio::post(control_, [this] { sender_->look_for_events(); });
            }
        }));
    }
    void run_until(const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + 5 * patience;  // a thousand commits
        while (!done()) {
            REQUIRE(std::chrono::steady_clock::now() < end);
            control_.run_one_for(100ms);
        }
    }
    const webhooks::statistics& stats() const { return sender_->stats(); }

private:
    std::unique_ptr<peering::store> store_;
    peering::ledger ledger_;
    peering::thresholds thresholds_;
    peering::bookkeeper keeper_{ledger_, *store_, thresholds_};
    peering::committer committer_{keeper_};
    boost::asio::io_context control_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{control_.get_executor()};
    store_outbox outbox_{committer_, control_};
    std::unique_ptr<webhooks> sender_;
};

boost::json::object event_in(const http_message& request) {
    const auto text = ilp::as_text(request.body);
    return boost::json::parse(boost::json::string_view{text.data(), text.size()}).as_object();
}

bool is_of_payment(const http_message& request) {
    return event_in(request).at("type").as_string().starts_with("incoming_payment");
}

}  // namespace

TEST_CASE("webhooks: thousands of payments whose events were not taken delay no other, and are reported to the unit") {
    const temporary_directory directory;
    const std::unique_ptr<postgres_server> server =
        GENERATE(false, true) ? std::make_unique<postgres_server>() : nullptr;
    const std::string store_url =
        server != nullptr ? server->url() : "sqlite:" + (directory.path() / "ilpd.db").string();
    constexpr std::uint32_t payments = 3000;
    constexpr std::uint64_t events = incoming_payments::undelivered_max + 1;
    fake_peer receiver{
        [](const http_message& request) { return is_of_payment(request) ? answer_silence() : answer_http(200); }};
    {
        sending_node node{store_url, receiver.port()};
        node.take_payments(payments);
        CHECK(node.pending() == incoming_payments::ended_at_a_time);
        node.start();
        node.run_until([&] { return receiver.request_count() == webhook_schedule::under_way_max; });
        node.raise({peering::new_uuid(), "peer.liquidity_low", "{}"});
        node.run_until([&] { return node.stats().delivered == 1; });
        const auto requests = receiver.requests();
        REQUIRE(requests.size() == webhook_schedule::under_way_max + 1);
        CHECK(event_in(requests.back()).at("type") == "peer.liquidity_low");
    }
    receiver.set_script([](const http_message&) { return answer_http(200); });
    sending_node node{store_url, receiver.port()};
    CHECK(node.pending() == events);
    node.start();
    node.run_until([&] { return node.stats().delivered == events; });
    node.run_until([&] { return node.stats().pending == 0; });
    std::map<std::string, std::uint64_t> amounts;
    for (const http_message& request : receiver.requests()) {
        if (!is_of_payment(request)) continue;
        const auto event = event_in(request);
        const auto& amount = event.at("data").at("receivedAmount").at("value").as_string();
        amounts[std::string{event.at("id").as_string()}] = std::stoull(std::string{amount});
    }
    CHECK(amounts.size() == events);
    std::uint64_t total = 0;
    for (const auto& [id, amount] : amounts) total += amount;
    CHECK(total == std::uint64_t{payments} * (payments + 1) / 2);
}

}  // namespace event_outbox_test
