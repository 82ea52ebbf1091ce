#include "connector/control/admin_server.hpp"

#include "connector/base/client_network.hpp"
#include "connector/base/log.hpp"
#include "connector/console/console.hpp"
#include "ilp/clock.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace connector {
namespace {

http_response failure(unsigned status, const std::string& message) {
    return {.status = status,
            .content_type = "application/json",
            .body = R"({"errors":[{"message":")" + message + R"(","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]})"};
}

/// The request has not been looked at, so nothing has been done.
http_response busy() {
    return failure(503, "Too many requests at a time: try again in a moment");
}

http_response stopping() {
    return failure(503, "The daemon is stopping and takes no further requests: try again when it has been started");
}

/// Null if the request is not for a file of the console.
const console::file* console_file_for(const http_request& request) {
    const std::string_view target = request.target;
    return request.method == "GET" ? console::find(target.substr(0, target.find('?'))) : nullptr;
}

http_response serve(const console::file& file) {
    return {.content_type = std::string{file.content_type},
            .body = std::string{file.body},
            .headers = {{"Content-Security-Policy", std::string{console::content_security_policy}},
                        {"X-Content-Type-Options", "nosniff"},
                        {"Referrer-Policy", "no-referrer"},
                        {"Cross-Origin-Resource-Policy", "same-origin"}}};
}

/// A query can cause it as often as it is sent.
void report_internal_error(std::string what) {
    log::write_seldom({"Admin API internal error", what}, log::level::error, "Admin API: an internal error occurred",
                      {{"reason", what}});
}

http_response ask(peering::admin::endpoint& endpoint, const http_request& request, ilp::timestamp now) {
    try {
        auto answer = endpoint.answer({.method = request.method,
                                       .target = request.target,
                                       .host = request.find("host"),
                                       .origin = request.find("origin"),
                                       .content_type = request.find("content-type"),
                                       .accept = request.find("accept"),
                                       .signature = request.find("signature"),
                                       .tenant_id = request.find("tenant-id"),
                                       .body = request.body},
                                      now);
        if (!answer.unauthenticated.empty())
            log::write_seldom(
                {"Admin API refused", client_network(request.remote)}, log::level::warn,
                "Admin API: a request was refused",
                {{"reason", std::string{answer.unauthenticated}}, {"remote", request.remote.to_string()}});
        for (auto& what : answer.internal_errors) report_internal_error(std::move(what));
        auto response = http_response{
            .status = answer.status, .content_type = std::move(answer.content_type), .body = std::move(answer.body)};
        if (!answer.allow.empty()) response.headers.emplace_back("Allow", answer.allow);
        return response;
    } catch (const std::exception& thrown) {
        report_internal_error(thrown.what());
        return failure(500, "Internal server error");
    }
}

}  // namespace

/// Used only on the loop. Answers on their way to the loop keep this alive, but not the server.
struct admin_server::under_way {
    std::size_t requests = 0;  ///< queued for a thread or running
    std::function<void()> stopped{};
};

admin_server::admin_server(boost::asio::io_context& context, config::admin_settings settings,
                           const peering::graphql::engine& engine,
                           peering::admin::endpoint::context_factory new_context)
    : context_{context},
      has_console_{settings.console},
      endpoint_{engine, std::move(settings), ilp::wall_clock(), std::move(new_context)},
      under_way_{std::make_shared<under_way>()},
      server_{context,
              [this](http_request request, std::function<void(http_response)> done) {
                  answer(std::move(request), std::move(done));
              },
              // Each connection has one request at a time, so sessions_max must exceed the bound of queued requests.
              {.sessions_max = threads + waiting_max + 60, .body_size_max = body_size_max}} {}

void admin_server::stop(std::function<void()> stopped) {
    stopping_ = true;
    server_.drain();
    if (under_way_->requests == 0) return boost::asio::post(context_, std::move(stopped));
    under_way_->stopped = std::move(stopped);
}

void admin_server::answer(http_request request, std::function<void(http_response)> done) {
    const auto now = ilp::wall_clock();
    if (has_console_) {
        if (const auto* const file = console_file_for(request)) return done(serve(*file));
    }
    if (!request.target.starts_with("/graphql")) return done(ask(endpoint_, request, now));  // does not block
    if (stopping_) return done(stopping());
    if (under_way_->requests >= threads + waiting_max) return done(busy());
    ++under_way_->requests;
    boost::asio::post(pool_, [this, under_way = under_way_, now, request = std::move(request), done = std::move(done)] {
        auto response = stopping_ ? stopping() : ask(endpoint_, request, now);
        boost::asio::post(context_, [&context = context_, under_way, done, response = std::move(response)]() mutable {
            done(std::move(response));
            if (--under_way->requests == 0 && under_way->stopped)
                boost::asio::post(context, std::exchange(under_way->stopped, nullptr));
        });
    });
}

}  // namespace connector
