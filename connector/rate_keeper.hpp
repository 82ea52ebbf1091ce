#pragma once

#include "config/settings.hpp"
#include "connector/rate_answer.hpp"
#include "connector/rate_table.hpp"
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

/// One fetch that is to be made.
struct rate_request {
    std::string base;
    std::uint64_t ticket = 0;
};

struct rate_age {
    std::string base;
    std::optional<std::chrono::nanoseconds> age;  ///< empty: none was ever fetched
};

/// What is known of the rates, and when to ask for which: the deciding half of rate_source, without socket or clock.
class rate_keeper {
public:
    static constexpr std::size_t fetches_max = 8;  ///< under way at a time; further ones wait for one of them

    /// From now on, prices between these currencies by these settings. Everything is to be fetched again; what is at
    /// hand stays in use until then, for as long as the settings say. Answers to earlier requests will be ignored.
    void configure(const config::rates_settings& settings, std::set<std::string> currencies, ilp::steady_time now);

    /// What is to be fetched now. Each request is to be followed by one call of fetched().
    std::vector<rate_request> take_due(ilp::steady_time now);

    /// When to ask take_due() again, unless an answer comes before. Empty: only then.
    std::optional<ilp::steady_time> next_due() const;

    struct effect {
        bool prices_changed = false;
        bool recovered = false;   ///< the problem that was told is over
        std::string complaint{};  ///< what is wrong, when it is not the same as at the attempt before
    };
    effect fetched(const rate_request& request, std::expected<rates_by_quote, std::string> outcome,
                   ilp::steady_time now);

    rate_table prices() const;

    /// Of each currency that rates are fetched for. A rate is as old as the request for it.
    std::vector<rate_age> ages(ilp::steady_time now) const;

private:
    struct base_currency {
        ilp::steady_time due;
        std::optional<ilp::steady_time> asked_at;  ///< of the request that is under way
        std::uint64_t ticket = 0;                  ///< of the last request
        rates_by_quote rates;
        ilp::steady_time rates_from;  ///< if there are any: when they were asked for
        bool has_rates = false;
        int failures = 0;  ///< since then
        std::string problem;
    };
    template <typename T>
    using by_pair = std::map<std::pair<std::string, std::string>, T>;

    bool is_fetched(const std::string& base, const std::string& quote) const;
    std::string missing_in(const rates_by_quote& rates, const std::string& base) const;
    std::size_t fetches_under_way() const;
    std::chrono::milliseconds pause_after(int failures) const;

    config::rates_settings settings_;
    std::set<std::string> currencies_;
    by_pair<ilp::rate> fixed_;
    by_pair<std::uint16_t> spreads_;
    std::map<std::string, base_currency, std::less<>> bases_;  ///< those that something is fetched for
    std::uint64_t tickets_ = 0;
};

}  // namespace connector
