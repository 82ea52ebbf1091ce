#include "connector/rates/rate_source.hpp"

#include "connector/base/log.hpp"

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string_view>
#include <utility>

namespace connector {
namespace {

using std::chrono::steady_clock;

constexpr unsigned status_ok = 200;

/// Appends the query parameter `base`. Its value is percent-encoded, because a code may contain characters that are
/// special or not allowed in a URL.
std::string with_base(std::string target, std::string_view base) {
    target += target.contains('?') ? "&base=" : "?base=";
    for (const char c : base) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        target += plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return target;
}

std::expected<rate_answer, std::string> rates_of(std::expected<http_answer, std::string> outcome,
                                                 std::string_view base) {
    if (!outcome) return std::unexpected{std::move(outcome.error())};
    if (outcome->status != status_ok)
        return std::unexpected{fmt::format("it responded with status {}", outcome->status)};
    auto rates = parse_rates(outcome->body, base);
    if (!rates) return std::unexpected{"its response " + rates.error()};
    return rates;
}

std::set<std::string> currencies_of(const peering::directory& directory) {
    std::set<std::string> currencies;
    for (const peering::asset_entry& entry : directory.assets()) currencies.insert(entry.asset->code);
    return currencies;
}

}  // namespace

rate_source::rate_source(boost::asio::io_context& context,
                         std::function<void(std::shared_ptr<const rate_table>)> publish)
    : context_{context}, timer_{context}, publish_{std::move(publish)} {}

void rate_source::configure(const config::rates_settings& settings, const peering::directory& directory,
                            std::shared_ptr<const tls_context> tls) {
    settings_ = settings;
    tls_ = std::move(tls);
    currencies_ = currencies_of(directory);
    warn_about_unused_currencies();
    restart_fetching();
}

/// The asset may be created later through the Admin API, or the code may be a typing error.
void rate_source::warn_about_unused_currencies() const {
    std::set<std::string> unused;
    const auto look_at = [&](const auto& pairs) {
        for (const auto& pair : pairs) {
            if (!currencies_.contains(pair.base)) unused.insert(pair.base);
            if (!currencies_.contains(pair.quote)) unused.insert(pair.quote);
        }
    };
    look_at(settings_.fixed);
    look_at(settings_.spreads);
    for (const std::string& code : unused) {
        log::write(log::level::warn, "rates.fixed or rates.spreads names a currency that no asset has yet",
                   {{"currency", code}});
    }
}

void rate_source::assets_changed(const peering::directory& directory) {
    auto currencies = currencies_of(directory);
    if (currencies == currencies_) return;
    currencies_ = std::move(currencies);
    restart_fetching();
}

void rate_source::restart_fetching() {
    keeper_.configure(settings_, currencies_, steady_clock::now());
    publish();
    fetch_due();
}

std::vector<rate_age> rate_source::ages() const {
    return keeper_.ages(steady_clock::now());
}

void rate_source::fetch_due() {
    for (rate_request& request : keeper_.take_due(steady_clock::now())) fetch(std::move(request));
    const auto next = keeper_.next_due();
    if (!next) return void(timer_.cancel());
    timer_.expires_at(*next);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) fetch_due();
    });
}

void rate_source::fetch(rate_request request) {
    http_call what{.endpoint = *settings_.url,
                   .target = with_base(settings_.url->target(), request.base),
                   .headers = {{"Accept", "application/json"}},
                   .timeout = settings_.timeout,
                   .answer_size_max = rate_answer_size_max,
                   .tls = tls_};
    call(context_, std::move(what),
         [this, request = std::move(request)](std::expected<http_answer, std::string> outcome) {
             fetched(request, std::move(outcome));
         });
}

void rate_source::fetched(const rate_request& request, std::expected<http_answer, std::string> outcome) {
    const auto effect = keeper_.fetched(request, rates_of(std::move(outcome), request.base), steady_clock::now());
    if (!effect.complaint.empty()) {
        log::write(log::level::warn, "the source of rates failed; the known rates are used until they are too old",
                   {{"base", request.base}, {"problem", effect.complaint}});
    }
    if (effect.recovered) log::write(log::level::info, "the source of rates works again", {{"base", request.base}});
    if (effect.prices_changed) publish();
    fetch_due();
}

void rate_source::publish() {
    publish_(std::make_shared<const rate_table>(keeper_.prices()));
}

}  // namespace connector
