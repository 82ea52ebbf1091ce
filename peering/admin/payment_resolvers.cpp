#include "peering/admin/outgoing_payment.hpp"
#include "peering/admin/payment_filter.hpp"
#include "peering/admin/resolvers.hpp"
#include "peering/admin/store_reading.hpp"
#include "peering/records/text.hpp"
#include "peering/spsp/payment_pointer.hpp"

#include <algorithm>
#include <utility>

namespace peering::admin {
namespace {

using graphql::arguments;
using graphql::call;
using graphql::field_result;
using graphql::object;
using graphql::value;

constexpr int usual_slippage = 100;

refusal refusal_of(payment_refusal refused) {
    using enum refusal_code;
    const auto code = [refused] {
        switch (refused) {
            case payment_refusal::amount_is_zero:
            case payment_refusal::insufficient_liquidity:
            case payment_refusal::too_many:
                return forbidden;
            case payment_refusal::invalid_id:
            case payment_refusal::invalid_slippage:
            case payment_refusal::invalid_receiver:
            case payment_refusal::above_at_most:
                return bad_user_input;
            case payment_refusal::already_exists:
                return duplicate;
            case payment_refusal::unknown_payment:
                return not_found;
            case payment_refusal::already_ended:
                return conflict;
            case payment_refusal::store_unavailable:
                break;
        }
        return internal_server_error;
    }();
    return {code, std::string{describe(refused)}};
}

std::string_view name_of(payment_status status) {
    switch (status) {
        case payment_status::quoting:
            return "QUOTING";
        case payment_status::sending:
            return "SENDING";
        case payment_status::cancelling:
            return "CANCELLING";
        case payment_status::completed:
            return "COMPLETED";
        case payment_status::failed:
            return "FAILED";
        case payment_status::cancelled:
            return "CANCELLED";
    }
    std::unreachable();
}

value shown_payment(const payment_record& payment, const services& services) {
    const auto account = services.directory.find_receiving_account_by_account(payment.account);
    const payment_standing& standing = payment.standing;
    const std::string waits_for = has_ended(standing.status) ? "" : services.payments.waits().find(payment.number);
    const auto amount_if = [&payment](bool is_there) { return is_there ? value{payment.amount.value} : value{}; };
    return object{"Payment",
                  {{"id", payment.uuid},
                   {"receivingAccount", account ? to_value(receiving_account_view{*account}) : value{}},
                   {"receiver", payment.receiver},
                   {"sendAmount", amount_if(!payment.is_fixed_delivery)},
                   {"deliverAmount", amount_if(payment.is_fixed_delivery)},
                   {"requestedSendMax", payment.at_most ? value{payment.at_most->value} : value{}},
                   {"slippage", int{payment.slippage}},
                   {"status", std::string{name_of(standing.status)}},
                   {"failure", standing.failure.empty() ? value{} : value{standing.failure}},
                   {"waitsFor", waits_for.empty() ? value{} : value{waits_for}},
                   {"sendMax", standing.offer ? value{standing.offer->send_max.value} : value{}},
                   {"sent", payment.sent.value},
                   {"delivered", payment.delivered.value},
                   {"createdAt", iso_text(payment.created_at)},
                   {"endedAt", standing.ended_at ? value{iso_text(*standing.ended_at)} : value{}},
                   {"type", "OUTGOING"},
                   {"state", outgoing_state(standing.status)},
                   {"walletAddressId", id_of_account(services, payment.account)}}};
}

using payment_page = std::optional<page<payment_record>>;

/// Nullopt: the arguments select no payment.
std::expected<std::optional<payment_query>, refusal> query_of(const services& services, const arguments& args) {
    payment_query query;
    if (const auto id = args.find<std::string>("receivingAccountId")) {
        const auto account = services.directory.find_receiving_account(id_of(*id));
        if (!account) return refused(refusal_code::not_found, "unknown receiving account");
        query.account = account->liquidity->id;
    }
    const auto given = args.find<arguments>("filter");
    const auto filter = given ? payment_filter_of(*given) : payment_filter{};
    if (!filter) return std::unexpected{filter.error()};
    if (!filter->takes_outgoing || !is_of_tenant(services, args)) return std::nullopt;
    if (!filter->wallet_address) return query;
    const auto account = services.directory.find_receiving_account(id_of(*filter->wallet_address));
    if (!account || (query.account && *query.account != account->liquidity->id)) return std::nullopt;
    query.account = account->liquidity->id;
    return query;
}

field_result list_payments(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    const auto query = query_of(services, call.args);
    if (!query) return refuse(query.error());
    std::expected<payment_page, refusal> found = empty_page<payment_record>(*request);
    if (*query) {
        found = read_from_store<payment_page>(
            services.committer, [request = *request, query = **query](bookkeeper& keeper) {
                return read_page<payment_record>(
                    request, query, [&keeper](const payment_query& wanted) { return keeper.list_payments(wanted); },
                    [](const payment_record& payment) { return payment.uuid; });
            });
    }
    if (!found) return refuse(found.error());
    return connection(
        "PaymentsConnection", "PaymentEdge", *found, [](const payment_record& payment) { return payment.uuid; },
        [&services](const payment_record& payment) { return shown_payment(payment, services); });
}

/// Null if there is none.
field_result find_payment(const services& services, const std::string& id) {
    const auto found = read_from_store<std::optional<payment_record>>(
        services.committer, [id](bookkeeper& keeper) { return keeper.find_payment(id); });
    if (!found) return refuse(found.error());
    return *found ? shown_payment(**found, services) : value{};
}

/// The payment as it is now, also for a request that is repeated.
field_result answer_about(const services& services, const std::string& id, const mutation_outcome& outcome) {
    if (!outcome) return refuse(outcome.error());
    auto payment = find_payment(services, id);
    if (!payment) return payment;
    return object{"PaymentMutationResponse", {{"payment", std::move(*payment)}}};
}

field_result create_payment(services& services, mutations& mutations, const call& call) {
    const auto input = call.args.get<arguments>("input");
    const auto send = amount_of(input, "sendAmount");
    const auto deliver = amount_of(input, "deliverAmount");
    const auto at_most = amount_of(input, "sendMax");
    if (send.has_value() == deliver.has_value()) {
        return refuse(refusal_code::bad_user_input, "give either sendAmount or deliverAmount");
    }
    if (deliver && !at_most) {
        return refuse(
            refusal_code::bad_user_input,
            "deliverAmount needs sendMax, the most that may be sent for it: the rate is what the path and the "
            "receiver say");
    }
    const int slippage = input.find<int>("slippage").value_or(usual_slippage);
    if (slippage < 0 || slippage > int{ilp::slippage_max}) {
        return refuse(refusal_of(payment_refusal::invalid_slippage));
    }
    payment_request wanted{.uuid = input.get<std::string>("id"),
                           .account = {},
                           .receiver = input.get<std::string>("receiver"),
                           .is_fixed_delivery = deliver.has_value(),
                           .amount = deliver ? *deliver : *send,
                           .slippage = static_cast<std::uint16_t>(slippage),
                           .at_most = at_most};
    if (wanted.receiver.size() > payments::receiver_size_max) {
        return refuse(refusal_of(payment_refusal::invalid_receiver));
    }
    if (const auto endpoint = parse_payment_pointer(wanted.receiver); !endpoint) {
        return refuse(refusal_code::bad_user_input, "receiver: " + endpoint.error());
    }
    const std::string id = id_of(wanted.uuid);
    const auto outcome = mutations.transfer_money(
        "createPayment", input, done_mutation{"Created payment"},
        [&services, wanted, account_id = id_of(input.get<std::string>("receivingAccountId"))](
            bookkeeper& keeper, const ilp::instant& now,
            const changes& beside) mutable -> std::expected<void, refusal> {
            const auto account = services.directory.find_receiving_account(account_id);
            if (!account) return std::unexpected{refusal{refusal_code::not_found, "unknown receiving account"}};
            if (!account->enabled) {
                return std::unexpected{refusal{refusal_code::forbidden, "The receiving account is disabled"}};
            }
            wanted.account = account->liquidity->id;
            const auto made = services.payments.create(keeper, wanted, now.wall, beside);
            if (!made) return std::unexpected{refusal_of(made.error())};
            return {};
        });
    return answer_about(services, id, outcome);
}

field_result cancel_payment(services& services, mutations& mutations, const call& call) {
    const auto input = call.args.get<arguments>("input");
    const std::string id = id_of(input.get<std::string>("id"));
    const auto outcome =
        mutations.transfer_money("cancelPayment", input, done_mutation{"Cancelled payment"},
                                 [&services, id](bookkeeper& keeper, const ilp::instant& now,
                                                 const changes& beside) -> std::expected<void, refusal> {
                                     const auto cancelled = services.payments.cancel(keeper, id, now.wall, beside);
                                     if (!cancelled) return std::unexpected{refusal_of(cancelled.error())};
                                     return {};
                                 });
    return answer_about(services, id, outcome);
}

}  // namespace

void add_payments(graphql::resolvers& to, services& services, mutations& mutations) {
    to["Query.payment"] = [&services](const call& call) {
        return find_payment(services, id_of(call.args.get<std::string>("id")));
    };
    to["Query.payments"] = [&services](const call& call) { return list_payments(services, call); };
    to["Mutation.createPayment"] = [&](const call& call) { return create_payment(services, mutations, call); };
    to["Mutation.cancelPayment"] = [&](const call& call) { return cancel_payment(services, mutations, call); };
}

}  // namespace peering::admin
