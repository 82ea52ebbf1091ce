#include "connector/control/auto_peering_client.hpp"

#include "connector/base/address_guard.hpp"
#include "connector/base/log.hpp"
#include "connector/control/http_client.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace connector {
namespace {

using enum peering::refusal_code;
using peering::peering_fault;
using std::chrono::milliseconds;

constexpr milliseconds margin{1000};  // on top of the timeout of the call itself

constexpr const char* url_is_invalid = "Peer URL is invalid or peer does not support auto-peering";

std::unexpected<peering::refusal> refuse(peering::refusal_code code, std::string message) {
    return std::unexpected{peering::refusal{code, std::move(message)}};
}

/// Returns nullopt if there is no result in time, or never will be.
template <class T>
std::optional<T> await(std::future<T>& future, milliseconds time) {
    if (future.wait_for(time) != std::future_status::ready) return std::nullopt;
    try {
        return future.get();
    } catch (const std::future_error&) {  // broken promise: the daemon is stopping
        return std::nullopt;
    }
}

void report(const peering::peering_question& question, std::string reason) {
    log::write(log::level::warn, "auto-peering: the other node did not become a peer",
               {{"url", question.endpoint.url()}, {"reason", std::move(reason)}});
}

}  // namespace

std::expected<peering::peering_terms, peering::refusal> auto_peering_client::answer_to(
    const peering::peering_question& question) {
    const call_limit::call this_one{limit_};
    if (!this_one.is_within_bound()) {
        return refuse(conflict, fmt::format("{} requests to become peers are in progress already: try again when one "
                                            "has ended",
                                            questions_max));
    }
    http_call what{.method = http_method::post,
                   .endpoint = question.endpoint,
                   .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                   .body = to_json(question.request),
                   .timeout = answer_timeout,
                   .answer_size_max = peering::peering_message_size_max};
    if (question.present_token) {
        what.headers.emplace_back("Authorization", "Bearer " + question.present_token->reveal());
    }
    if (!auto_peers_.allows_private_addresses()) {
        what.may_connect = [](const boost::asio::ip::address& address) { return is_public(address); };
    }
    using outcome = std::expected<http_answer, std::string>;
    const auto promise = std::make_shared<std::promise<outcome>>();
    auto future = promise->get_future();
    boost::asio::post(control_, [this, what = std::move(what), promise]() mutable {
        what.tls = tls_;
        call(control_, std::move(what), [promise](outcome came) { promise->set_value(std::move(came)); });
    });
    const auto came = await(future, answer_timeout + margin);
    if (!came || !*came) {
        report(question, came ? came->error() : "no answer");
        if (came && came->error() == not_allowed) {
            return refuse(not_found, std::string{url_is_invalid} +
                                         ": it points to an address that is not public, which "
                                         "auto_peering.allow_private_addresses does not allow");
        }
        return refuse(not_found, url_is_invalid);
    }
    const http_answer& answer = **came;
    if (answer.status == 200) {
        auto terms = peering::parse_peering_answer(answer.body);
        if (terms) return std::move(*terms);
        report(question, "its response is invalid: " + terms.error());
        return refuse(not_found, url_is_invalid);
    }
    const auto error = peering::parse_peering_error(answer.body);
    report(question, "HTTP status " + std::to_string(answer.status) + (error ? ": " + error->message : ""));
    if (!error) return refuse(not_found, url_is_invalid);
    if (error->fault == peering_fault::unknown_asset) return refuse(bad_user_input, "Peer does not support asset");
    return refuse(bad_user_input, "Invalid peering request");
}

}  // namespace connector
