#include "connector/control/spsp_client.hpp"

#include "connector/control/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace connector {
namespace {

bool is_redirect(unsigned status) {
    constexpr std::array<unsigned, 5> statuses{301, 302, 303, 307, 308};
    return std::ranges::find(statuses, status) != statuses.end();
}

/// Kept alive by the call in progress.
class spsp_question : public std::enable_shared_from_this<spsp_question> {
public:
    using outcome = std::expected<spsp_found, std::string>;

    spsp_question(boost::asio::io_context& context, spsp_call what, std::function<void(outcome)> done)
        : context_{context},
          what_{std::move(what)},
          done_{std::move(done)},
          ends_at_{std::chrono::steady_clock::now() + what_.timeout} {}

    void ask() {
        using namespace std::chrono;
        const auto left = duration_cast<milliseconds>(ends_at_ - steady_clock::now());
        http_call get{.endpoint = what_.endpoint,
                      .headers = {{"Accept", "application/spsp4+json, application/spsp+json"}},
                      .timeout = std::max(left, milliseconds{1}),
                      .answer_size_max = peering::spsp_answer_size_max,
                      .may_connect = what_.may_connect,  // also where a redirect leads
                      .tls = what_.tls};
        call(context_, std::move(get), [self = shared_from_this()](std::expected<http_answer, std::string> came) {
            if (!came) return self->fail(came.error());
            self->take(*came);
        });
    }

private:
    void take(const http_answer& answer) {
        if (is_redirect(answer.status)) return follow(answer.location);
        if (answer.status == 404) return fail("there is no such receiver (HTTP status 404)");
        if (answer.status != 200) return fail(fmt::format("it answers with HTTP status {}", answer.status));
        auto details = peering::parse_spsp_answer(answer.body);
        if (!details) return fail("its answer is invalid: " + details.error());
        std::exchange(done_, nullptr)(spsp_found{*std::move(details), std::move(what_.endpoint)});
    }

    void follow(const std::string& location) {
        if (++redirects_ > spsp_redirects_max) return fail("it redirects too often");
        auto next = peering::redirected(what_.endpoint, location, what_.redirects);
        if (!next) return fail(next.error());
        what_.endpoint = *std::move(next);
        ask();
    }

    void fail(const std::string& why) {
        std::exchange(done_, nullptr)(std::unexpected{fmt::format("{}: {}", what_.endpoint.url(), why)});
    }

    boost::asio::io_context& context_;
    spsp_call what_;  ///< its endpoint is the one that is being asked
    std::function<void(outcome)> done_;
    const std::chrono::steady_clock::time_point ends_at_;
    int redirects_ = 0;
};

}  // namespace

void query_spsp(boost::asio::io_context& context, spsp_call call,
                std::function<void(std::expected<spsp_found, std::string>)> done) {
    std::make_shared<spsp_question>(context, std::move(call), std::move(done))->ask();
}

}  // namespace connector
