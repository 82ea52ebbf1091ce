#include "connector/rates/rate_keeper.hpp"

#include <algorithm>

namespace connector {
namespace {

using ilp::steady_time;
using std::chrono::milliseconds;

constexpr milliseconds first_pause_max{1'000};
constexpr milliseconds pause_max{30'000};

}  // namespace

void rate_keeper::configure(const config::rates_settings& settings, std::set<std::string> currencies, steady_time now) {
    settings_ = settings;
    currencies_ = std::move(currencies);
    fixed_.clear();
    for (const auto& fixed : settings.fixed) fixed_.insert_or_assign({fixed.base, fixed.quote}, fixed.rate);
    spreads_.clear();
    for (const auto& spread : settings.spreads) {
        spreads_.insert_or_assign({spread.base, spread.quote}, spread.basis_points);
    }
    std::map<std::string, base_currency, std::less<>> wanted;
    for (const std::string& base : currencies_) {
        if (std::ranges::none_of(currencies_, [&](const auto& quote) { return is_fetched(base, quote); })) continue;
        base_currency& made = wanted[base];
        if (const auto known = bases_.find(base); known != bases_.end()) made = std::move(known->second);
        made.due = now;
        made.asked_at.reset();
        made.ticket = ++tickets_;
        made.failures = 0;
    }
    bases_ = std::move(wanted);
}

bool rate_keeper::is_fetched(const std::string& base, const std::string& quote) const {
    return settings_.url && base != quote && !fixed_.contains({base, quote});
}

std::size_t rate_keeper::fetches_under_way() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(bases_, [](const auto& base) { return base.second.asked_at.has_value(); }));
}

std::vector<rate_request> rate_keeper::take_due(steady_time now) {
    std::vector<rate_request> due;
    std::size_t under_way = fetches_under_way();
    for (auto& [code, base] : bases_) {
        if (under_way == fetches_max) break;
        if (base.asked_at || base.due > now) continue;
        base.asked_at = now;
        base.ticket = ++tickets_;
        due.push_back({code, base.ticket});
        ++under_way;
    }
    return due;
}

std::optional<steady_time> rate_keeper::next_due() const {
    std::optional<steady_time> next;
    if (fetches_under_way() == fetches_max) return next;
    for (const auto& [code, base] : bases_) {
        if (!base.asked_at && (!next || base.due < *next)) next = base.due;
    }
    return next;
}

/// The pause is short at first, since most failures are brief, and so that several attempts fit into the remaining
/// lifetime of a rate.
milliseconds rate_keeper::pause_after(int failures) const {
    milliseconds pause = std::min(settings_.lifetime / 16, first_pause_max);
    const milliseconds longest = std::min(settings_.lifetime / 2, pause_max);
    for (int i = 1; i < failures && pause < longest; ++i) pause *= 2;
    return std::min(pause, longest);
}

/// Names every currency in use for which the answer has no usable rate, and says why. Other currencies do not matter.
std::string rate_keeper::faults_of(const rate_answer& answer, const std::string& base) const {
    std::string missing;
    std::string odd;
    for (const std::string& quote : currencies_) {
        if (!is_fetched(base, quote) || answer.rates.contains(quote)) continue;
        if (const auto found = answer.odd.find(quote); found != answer.odd.end()) {
            odd += (odd.empty() ? "its response " : ", ") + found->second;
        } else {
            missing += (missing.empty() ? "has no rate for " : ", ") + quote;
        }
    }
    return odd + (odd.empty() || missing.empty() ? "" : "; ") + missing;
}

/// Replaces what is known about the base. A currency with an odd entry keeps its rate, if it has one; a currency that
/// the answer does not list loses it.
void rate_keeper::take(base_currency& base, const std::string& code, rate_answer answer, steady_time asked_at) const {
    std::erase_if(base.rates, [&](const auto& known) { return !answer.odd.contains(known.first); });
    for (const auto& [quote, rate] : answer.rates) {
        if (is_fetched(code, quote)) base.rates.insert_or_assign(quote, known_rate{rate, asked_at});
    }
    base.rates_from = asked_at;
    base.has_rates = true;
}

rate_keeper::effect rate_keeper::fetched(const rate_request& request, std::expected<rate_answer, std::string> outcome,
                                         steady_time now) {
    const auto found = bases_.find(request.base);
    if (found == bases_.end() || found->second.ticket != request.ticket || !found->second.asked_at) return {};
    auto& [code, base] = *found;
    const steady_time asked_at = *base.asked_at;
    base.asked_at.reset();

    effect effect;
    std::string problem;
    if (outcome) {
        effect.prices_changed = true;
        problem = faults_of(*outcome, code);
        take(base, code, std::move(*outcome), asked_at);
        base.failures = 0;
        base.due = asked_at + settings_.lifetime / 2;
    } else {
        problem = std::move(outcome.error());
        base.due = now + pause_after(++base.failures);
    }
    effect.recovered = problem.empty() && !base.problem.empty();
    if (problem != base.problem) effect.complaint = problem;
    base.problem = std::move(problem);
    return effect;
}

rate_table rate_keeper::prices() const {
    rate_table prices;
    const auto set = [&](const std::string& base, const std::string& quote, const ilp::rate& rate, steady_time until) {
        const auto spread = spreads_.find({base, quote});
        prices.set(base, quote, {rate, spread == spreads_.end() ? std::uint16_t{0} : spread->second, until});
    };
    for (const auto& [pair, rate] : fixed_) set(pair.first, pair.second, rate, steady_time::max());
    for (const auto& [code, base] : bases_) {
        for (const auto& [quote, known] : base.rates) {
            if (!currencies_.contains(quote) || !is_fetched(code, quote)) continue;
            set(code, quote, known.rate, known.from + settings_.lifetime + settings_.grace);
        }
    }
    return prices;
}

std::vector<rate_age> rate_keeper::ages(steady_time now) const {
    std::vector<rate_age> ages;
    ages.reserve(bases_.size());
    for (const auto& [code, base] : bases_) {
        steady_time oldest = base.rates_from;
        for (const auto& [quote, known] : base.rates) {
            if (currencies_.contains(quote)) oldest = std::min(oldest, known.from);
        }
        ages.push_back({code, base.has_rates ? std::optional{now - oldest} : std::nullopt});
    }
    return ages;
}

}  // namespace connector
