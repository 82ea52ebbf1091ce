#include "connector/webhooks/webhooks.hpp"

#include "connector/base/log.hpp"
#include "connector/control/http_client.hpp"
#include "ilp/clock.hpp"
#include "peering/json/canonical_json.hpp"
#include "peering/json/parse_json.hpp"
#include "peering/json/signature.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <utility>

namespace connector {
namespace {

using boost::system::error_code;
using peering::event_attempt;
using peering::event_record;
using peering::pending_event;
using std::chrono::milliseconds;

constexpr std::size_t answer_size_max = 64 * 1024;
constexpr std::chrono::seconds store_pause{1};  // pause after a failed query of the store

/// The body to post, in canonical form, so that a receiver can check the signature over the bytes that it received.
/// Empty if the event's data is malformed.
std::optional<std::string> body_of(const event_record& event) {
    auto data = peering::parse_json(event.data);
    if (!data) return std::nullopt;
    return peering::canonical_json(
        boost::json::object{{"id", event.uuid}, {"type", event.type}, {"data", std::move(*data)}});
}

}  // namespace

webhooks::webhooks(boost::asio::io_context& control, config::webhook_settings settings, event_outbox& outbox,
                   std::shared_ptr<const tls_context> tls)
    : control_{control},
      settings_{std::move(settings)},
      outbox_{outbox},
      tls_{std::move(tls)},
      lines_{delivery_line{control, peering::event_line::node, settings_.max_retry},
             delivery_line{control, peering::event_line::payments, settings_.max_retry}} {}

void webhooks::look_for_events() {
    for (delivery_line& each : lines_) {
        each.schedule.request_load();
        proceed(each);
    }
}

/// Does everything that can be done now, and sets the timer for the rest.
void webhooks::proceed(delivery_line& line) {
    const auto now = std::chrono::steady_clock::now();
    if (!line.is_loading && line.schedule.must_load(now)) load(line);
    while (auto event = line.schedule.take(now)) post(line, std::move(*event));
    const auto due = line.schedule.next_due();
    if (!due || *due <= now) return;  // due work continues when a pending answer arrives
    line.due_timer.expires_at(*due);
    line.due_timer.async_wait([this, &line](error_code error) {
        if (!error) proceed(line);
    });
}

void webhooks::load(delivery_line& line) {
    line.is_loading = true;
    line.schedule.begin_load();
    outbox_.load(line.kind, webhook_schedule::waiting_max,
                 [this, &line](std::expected<event_outbox::contents, std::string> found) {
                     if (!found) {
                         line.schedule.request_load();
                         return after(store_pause, [this, &line] {
                             line.is_loading = false;
                             proceed(line);
                         });
                     }
                     line.is_loading = false;
                     stats_.pending = found->count;
                     line.schedule.loaded(std::move(found->earliest), ilp::read_clocks());
                     proceed(line);
                 });
}

void webhooks::post(delivery_line& line, pending_event event) {
    std::optional<std::string> body = body_of(event.event);
    if (!body) return ended(line, event, "its data is not JSON");
    http_call call{.method = http_method::post,
                   .endpoint = *settings_.url,
                   .timeout = settings_.timeout,
                   .answer_size_max = answer_size_max,
                   .tls = tls_};
    call.headers.emplace_back("Content-Type", "application/json");
    if (settings_.secret) {
        call.headers.emplace_back("Rafiki-Signature",
                                  peering::signature_header(settings_.secret->reveal(), ilp::wall_clock(), *body));
    }
    call.body = std::move(*body);
    connector::call(control_, std::move(call),
                    [this, &line, event = std::move(event)](const std::expected<http_answer, std::string>& answer) {
                        if (!answer) return ended(line, event, answer.error());
                        const bool taken =
                            settings_.only_status_200 ? answer->status == 200 : answer->status / 100 == 2;
                        ended(line, event, taken ? "" : fmt::format("HTTP status {}", answer->status));
                    });
}

/// An empty `fault` means success.
void webhooks::ended(delivery_line& line, const pending_event& event, const std::string& fault) {
    event_attempt attempt = line.schedule.ended(event, fault.empty(), ilp::read_clocks());
    ++(attempt.delivered ? stats_.delivered : stats_.failed);
    if (attempt.delivered) {
        log::write(log::level::debug, "a webhook was delivered",
                   {{"event", event.event.uuid}, {"type", event.event.type}});
    } else if (attempt.due) {
        // A peer whose balance crosses its threshold again and again must not be able to fill the log.
        log::write_seldom({"webhook", fault}, log::level::warn, "a webhook was not delivered; it will be retried",
                          {{"event", event.event.uuid}, {"type", event.event.type}, {"reason", fault}});
    } else {
        ++stats_.given_up;
        log::write(log::level::error, "a webhook was given up; its event will not be delivered",
                   {{"event", event.event.uuid}, {"type", event.event.type}, {"reason", fault}});
    }
    save(line, attempt);
}

void webhooks::save(delivery_line& line, const event_attempt& attempt) {
    outbox_.save(attempt, [this, &line, attempt](const std::expected<void, std::string>& result) {
        if (!result) return after(store_pause, [this, &line, attempt] { save(line, attempt); });
        if (!attempt.due && stats_.pending > 0) --stats_.pending;
        line.schedule.saved(attempt);
        proceed(line);
    });
}

void webhooks::after(std::chrono::milliseconds pause, std::function<void()> action) {
    auto timer = std::make_shared<boost::asio::steady_timer>(control_, pause);
    timer->async_wait([timer, action = std::move(action)](error_code error) {
        if (!error) action();
    });
}

}  // namespace connector
