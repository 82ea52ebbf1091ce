#pragma once

#include "config/settings.hpp"
#include "connector/rates/rate_answer.hpp"
#include "connector/routing/rate_table.hpp"
#include "ilp/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector {

/// One fetch to be made.
struct rate_request {
    std::string base;
    std::uint64_t ticket = 0;
};

struct rate_age {
    std::string base;
    std::optional<std::chrono::nanoseconds> age;  ///< nullopt if no rates were ever fetched
};

/// Keeps the known rates and decides when to fetch which: the logic of rate_source, without sockets or clocks.
class rate_keeper {
public:
    static constexpr std::size_t fetches_max = 8;  ///< concurrent fetches; further ones wait

    /// Replaces the settings and the set of currencies. All rates become due for a new fetch; until it succeeds the
    /// present ones stay in use for as long as the settings allow. Answers to earlier requests are ignored.
    void configure(const config::rates_settings& settings, std::set<std::string> currencies, ilp::steady_time now);

    /// Returns the fetches to make now. Each one must be followed by one call of fetched().
    std::vector<rate_request> take_due(ilp::steady_time now);

    /// The time of the next take_due(), unless a fetch completes earlier; nullopt if it need not be called before that.
    std::optional<ilp::steady_time> next_due() const;

    struct effect {
        bool prices_changed = false;
        bool recovered = false;   ///< the problem reported before is over
        std::string complaint{};  ///< the problem, unless it is the same as after the last attempt
    };
    /// An odd entry of a currency in use is refused alone: what was known before stays in use and grows older.
    effect fetched(const rate_request& request, std::expected<rate_answer, std::string> outcome, ilp::steady_time now);

    rate_table prices() const;

    /// One entry per base currency that rates are fetched for: the age of the oldest of its rates, which counts from
    /// the request that brought it.
    std::vector<rate_age> ages(ilp::steady_time now) const;

private:
    struct known_rate {
        ilp::rate rate;
        ilp::steady_time from;  ///< time of the request that brought it
    };
    struct base_currency {
        ilp::steady_time due;
        std::optional<ilp::steady_time> asked_at;  ///< of the request in progress
        std::uint64_t ticket = 0;                  ///< of the latest request
        std::map<std::string, known_rate, std::less<>> rates;
        ilp::steady_time rates_from;  ///< time of the last request that was answered, if has_rates
        bool has_rates = false;
        int failures = 0;  ///< since the last success
        std::string problem;
    };
    template <typename T>
    using by_pair = std::map<std::pair<std::string, std::string>, T>;

    bool is_fetched(const std::string& base, const std::string& quote) const;
    std::string faults_of(const rate_answer& answer, const std::string& base) const;
    void take(base_currency& base, const std::string& code, rate_answer answer, ilp::steady_time asked_at) const;
    std::size_t fetches_under_way() const;
    std::chrono::milliseconds pause_after(int failures) const;

    config::rates_settings settings_;
    std::set<std::string> currencies_;
    by_pair<ilp::rate> fixed_;
    by_pair<std::uint16_t> spreads_;
    std::map<std::string, base_currency, std::less<>> bases_;  ///< only those that rates are fetched for
    std::uint64_t tickets_ = 0;
};

}  // namespace connector
