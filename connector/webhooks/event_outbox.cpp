#include "connector/webhooks/event_outbox.hpp"

#include "peering/book/bookkeeper.hpp"
#include "peering/store/store.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace connector {
namespace {

constexpr const char* not_accepted = "too many tasks are waiting for the store";

std::expected<event_outbox::contents, std::string> load_from(peering::bookkeeper& keeper, peering::event_line line,
                                                             std::size_t limit) {
    auto earliest = keeper.store().load_pending_events(line, limit);
    if (!earliest) return std::unexpected{earliest.error().message};
    return event_outbox::contents{std::move(*earliest), keeper.undelivered().pending()};
}

std::expected<void, std::string> save_with(peering::bookkeeper& keeper, const peering::event_attempt& attempt) {
    const auto written = keeper.write({.event_attempts = {&attempt, 1}});
    if (!written) return std::unexpected{written.error().message};
    return {};
}

}  // namespace

void store_outbox::load(peering::event_line line, std::size_t limit,
                        std::function<void(std::expected<contents, std::string>)> done) {
    const bool accepted = committer_.execute([this, line, limit, done](peering::bookkeeper& keeper) {
        boost::asio::post(control_, [done, loaded = load_from(keeper, line, limit)] { done(loaded); });
    });
    if (!accepted) boost::asio::post(control_, [done] { done(std::unexpected{not_accepted}); });
}

void store_outbox::save(peering::event_attempt attempt, std::function<void(std::expected<void, std::string>)> done) {
    const bool accepted = committer_.execute([this, attempt = std::move(attempt), done](peering::bookkeeper& keeper) {
        boost::asio::post(control_, [done, saved = save_with(keeper, attempt)] { done(saved); });
    });
    if (!accepted) boost::asio::post(control_, [done] { done(std::unexpected{not_accepted}); });
}

}  // namespace connector
