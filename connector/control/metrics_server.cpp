#include "connector/control/metrics_server.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

namespace connector {
namespace {

/// Scrapes are gathered one after the other, so those of one source may not be so many that another one waits in vain.
constexpr std::size_t scrapes_per_source_max = 8;

void answer(const metrics_server::sources& from, const http_request& request, std::function<void(http_response)> done) {
    if (request.method != "GET")
        return done({.status = 405, .body = "use GET or HEAD\n", .headers = {{"Allow", "GET, HEAD"}}});
    const auto path = std::string_view{request.target}.substr(0, request.target.find('?'));
    if (path == "/healthz") return done({.body = "ok\n"});
    if (path == "/readyz")
        return done(from.ready() ? http_response{.body = "ready\n"}
                                 : http_response{.status = 503, .body = "not ready\n"});
    if (path == "/metrics") {
        return from.metrics([done = std::move(done)](std::string text) {
            done({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(text)});
        });
    }
    done({.status = 404, .body = "not found: use /metrics, /healthz or /readyz\n"});
}

}  // namespace

metrics_server::metrics_server(boost::asio::io_context& context, sources sources)
    : server_{context,
              [from = std::move(sources)](const http_request& request, std::function<void(http_response)> done) {
                  answer(from, request, std::move(done));
              },
              {.requests_per_source_max = scrapes_per_source_max}} {}

}  // namespace connector
