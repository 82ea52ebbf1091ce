#include "connector/control/admin_server.hpp"

#include "connector/console/console.hpp"
#include "ilp/bytes.hpp"
#include "tests/support/http.hpp"
#include "tests/support/packets.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace admin_server_test {

using namespace connector;
using namespace std::chrono_literals;
namespace graphql = peering::graphql;
using support::http_connection;
using support::http_message;
using support::to_bytes;

namespace {

constexpr std::string_view definition = R"(
type Query { number: Int! held: Int! broken: Int }
)";

/// Blocks resolvers until it is opened.
class gate {
public:
    void pass() {
        std::unique_lock lock{mutex_};
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return open_; });
    }
    void open() {
        const std::lock_guard lock{mutex_};
        open_ = true;
        changed_.notify_all();
    }
    bool wait_for(std::size_t waiting) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, support::patience, [&] { return waiting_ >= waiting; });
    }
    std::size_t waiting() {
        const std::lock_guard lock{mutex_};
        return waiting_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t waiting_ = 0;
    bool open_ = false;
};

/// The server on a loop with its own thread, with resolvers that can be blocked.
class rig {
public:
    explicit rig(bool contexts_fail = false, bool has_console = true)
        : engine_{graphql::schema::build(definition, {}).value(),
                  {{"Query.number", [](const graphql::call&) -> graphql::field_result { return 7; }},
                   {"Query.held",
                    [this](const graphql::call&) -> graphql::field_result {
                        held.pass();
                        return 8;
                    }},
                   {"Query.broken",
                    [](const graphql::call&) -> graphql::field_result { throw std::runtime_error{"disk"}; }}}} {
        auto settings = config::admin_settings{};
        settings.tenant_id = "00000000-0000-4000-8000-000000000001";
        settings.console = has_console;
        server_.emplace(context_, settings, engine_, [contexts_fail] {
            if (contexts_fail) throw std::runtime_error{"no context"};
            return std::make_unique<graphql::context>();
        });
        REQUIRE_FALSE(server_->listen({boost::asio::ip::address_v4::loopback(), 0}));
        port_ = server_->local_endpoint().port();
        thread_ = std::thread{[this] { context_.run(); }};
    }
    ~rig() {
        held.open();
        if (thread_.joinable()) end_loop();
    }

    std::uint16_t port() const { return port_; }
    std::future<void> stop() {
        auto promise = std::make_shared<std::promise<void>>();
        boost::asio::post(context_, [this, promise] { server_->stop([promise] { promise->set_value(); }); });
        return promise->get_future();
    }
    void end_loop() {
        work_.reset();
        context_.stop();
        thread_.join();
    }
    void destroy_server() { server_.reset(); }

    gate held;

private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
        boost::asio::make_work_guard(context_);
    graphql::engine engine_;
    std::optional<admin_server> server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

support::http_request asking(const std::string& query) {
    return {.target = "/graphql",
            .headers = {{"Content-Type", "application/json"}},
            .body = to_bytes(R"({"query":")" + query + "\"}")};
}

std::string text_of(const std::optional<http_message>& message) {
    if (!message) return "nothing";
    return std::to_string(message->status()) + " " + std::string{message->body.begin(), message->body.end()};
}

const std::string busy =
    R"(503 {"errors":[{"message":"Too many requests at a time: try again in a moment","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]})";
const std::string stopping =
    R"(503 {"errors":[{"message":"The daemon is stopping and takes no further requests: try again when it has been started","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]})";
const std::string held_answer = R"(200 {"data":{"held":8}})";

}  // namespace

TEST_CASE("admin server: it sends the endpoint's responses over HTTP") {
    rig r;
    http_connection connection{r.port()};
    const auto answer = connection.exchange(asking("{ number }"));
    CHECK(text_of(answer) == R"(200 {"data":{"number":7}})");
    CHECK(answer->header("content-type") == "application/json");
    CHECK(answer->header("cache-control") == "no-store");
    CHECK(text_of(connection.exchange({.method = "GET", .target = "/healthz"})) == "200 ok");
    CHECK(connection.exchange({.method = "GET", .target = "/graphql"})->header("allow") == "POST");
    CHECK(connection.exchange({.method = "GET", .target = "/nothing"})->status() == 404);
    auto newer = asking("{ number }");
    newer.headers.emplace_back("ACCEPT", "application/graphql-response+json");
    CHECK(connection.exchange(newer)->header("content-type") == "application/graphql-response+json");
    auto stranger = asking("{ number }");
    stranger.headers.emplace_back("Tenant-Id", "somebody");
    CHECK(connection.exchange(stranger)->status() == 401);
}

TEST_CASE("admin server: the console is served with a policy, and only if it is wanted") {
    rig r;
    http_connection connection{r.port()};
    for (const auto& file : console::files()) {
        const auto answer = connection.exchange({.method = "GET", .target = std::string{file.path} + "?q"});
        REQUIRE(answer);
        INFO(file.path);
        CHECK(answer->status() == 200);
        CHECK(answer->header("content-type") == file.content_type);
        CHECK(answer->header("content-security-policy") == console::content_security_policy);
        CHECK(answer->header("x-content-type-options") == "nosniff");
        CHECK(std::ranges::equal(answer->body, ilp::as_bytes(file.body)));
    }
    const auto page = connection.exchange({.method = "GET", .target = "/"});
    CHECK(page->header("content-type") == "text/html; charset=utf-8");
    CHECK(text_of(page).contains("<title>ilpd</title>"));
    CHECK(connection.exchange({.method = "POST", .target = "/"})->status() == 404);
    CHECK(connection.exchange({.method = "GET", .target = "/pages"})->status() == 404);
    CHECK(connection.exchange({.method = "GET", .target = "/main.js/"})->status() == 404);

    rig without{false, false};
    CHECK(http_connection{without.port()}.exchange({.method = "GET", .target = "/"})->status() == 404);
}

TEST_CASE("console: the page asks for nothing that is not one of its files") {
    std::set<std::string_view> paths;
    for (const auto& file : console::files()) paths.insert(file.path);
    CHECK(paths.contains("/index.html"));
    const auto* const page = console::find("/");
    REQUIRE(page != nullptr);
    for (const std::string_view attribute : {R"(src=")", R"(href=")"}) {
        for (auto at = page->body.find(attribute); at != std::string_view::npos; at = page->body.find(attribute, at)) {
            at += attribute.size();
            const auto target = page->body.substr(at, page->body.find('"', at) - at);
            INFO(target);
            CHECK((target.starts_with('#') || console::find("/" + std::string{target}) != nullptr));
        }
    }
    CHECK_FALSE(page->body.contains("style="));
    CHECK_FALSE(page->body.contains("onclick"));
}

TEST_CASE("admin server: a body may have 256 KiB") {
    rig r;
    auto large = asking("{ number }");
    large.body.insert(large.body.end(), admin_server::body_size_max - large.body.size(), ' ');
    CHECK(http_connection{r.port()}.exchange(large)->status() == 200);
    large.body.push_back(' ');
    CHECK(text_of(http_connection{r.port()}.exchange(large)) == "413 the body is too large\n");
}

TEST_CASE("admin server: an internal error is answered without its details") {
    rig r;
    const auto broken = text_of(http_connection{r.port()}.exchange(asking("{ broken }")));
    CHECK(broken.starts_with("200 "));
    CHECK_FALSE(broken.contains("disk"));
    rig failing{true};
    CHECK(text_of(http_connection{failing.port()}.exchange(asking("{ number }"))) ==
          R"(500 {"errors":[{"message":"Internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]})");
}

TEST_CASE("admin server: blocking resolvers delay neither the loop nor each other, until there are too many") {
    rig r;
    std::vector<http_connection> waiting;
    for (std::size_t i = 0; i < admin_server::threads + admin_server::waiting_max; ++i) {
        waiting.emplace_back(r.port()).send(asking("{ held }"));
        if (i == 0) {
            REQUIRE(r.held.wait_for(1));
            CHECK(text_of(http_connection{r.port()}.exchange(asking("{ number }"))) == R"(200 {"data":{"number":7}})");
        }
    }
    REQUIRE(r.held.wait_for(admin_server::threads));
    http_connection another{r.port()};
    // The loop handles requests in order of arrival, so once this one is answered, the others have been received.
    CHECK(text_of(another.exchange({.method = "GET", .target = "/healthz"})) == "200 ok");
    CHECK(text_of(another.exchange(asking("{ number }"))) == busy);
    CHECK(r.held.waiting() == admin_server::threads);
    r.held.open();
    for (auto& connection : waiting) CHECK(text_of(connection.receive()) == held_answer);
    CHECK(text_of(another.exchange(asking("{ number }"))) == R"(200 {"data":{"number":7}})");
}

TEST_CASE("admin server: stopping finishes running requests and starts no others") {
    rig r;
    std::vector<http_connection> running;
    for (std::size_t i = 0; i < admin_server::threads; ++i) running.emplace_back(r.port()).send(asking("{ held }"));
    REQUIRE(r.held.wait_for(admin_server::threads));
    http_connection queued{r.port()};
    queued.send(asking("{ held }"));
    REQUIRE(http_connection{r.port()}.exchange({.method = "GET", .target = "/healthz"}));
    auto stopped = r.stop();
    CHECK(stopped.wait_for(20ms) == std::future_status::timeout);
    CHECK(text_of(http_connection{r.port()}.exchange(asking("{ number }"))) == stopping);
    r.held.open();
    CHECK(stopped.wait_for(support::patience) == std::future_status::ready);
    for (auto& connection : running) CHECK(text_of(connection.receive()) == held_answer);
    CHECK(text_of(queued.receive()) == stopping);
    CHECK(r.stop().wait_for(support::patience) == std::future_status::ready);
}

TEST_CASE("admin server: answers after the loop or the server has ended are dropped without harm") {
    std::vector<http_connection> running;
    rig r;
    for (int i = 0; i < 6; ++i) running.emplace_back(r.port()).send(asking("{ held }"));
    REQUIRE(r.held.wait_for(admin_server::threads));
    REQUIRE(http_connection{r.port()}.exchange({.method = "GET", .target = "/healthz"}));
    r.end_loop();
    r.held.open();
    r.destroy_server();
    for (auto& connection : running) CHECK(connection.wait_until_closed());
}

}  // namespace admin_server_test
