#include "peering/admin/resolvers.hpp"

#include "peering/admin/schema.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <utility>

namespace peering::admin {
namespace {

/// In the order of the enum.
constexpr std::array code_texts{"BAD_USER_INPUT", "DUPLICATE", "FORBIDDEN", "INACTIVE",       "INTERNAL_SERVER_ERROR",
                                "NOT_FOUND",      "CONFLICT",  "TIMEOUT",   "UNAUTHENTICATED"};
static_assert(code_texts.size() == std::size_t{std::to_underlying(refusal_code::unauthenticated)} + 1);

std::string text_of(const graphql::arguments& input, std::string_view name) {
    return input.has(name) ? input.find<std::string>(name).value_or("") : "";
}

/// The id of the peer, asset or receiving account that the answer to a mutation shows; empty if it shows none.
std::string id_in(const graphql::field_result& outcome) {
    const graphql::object* const answer = outcome ? outcome->as_object() : nullptr;
    if (answer == nullptr) return {};
    const auto shown = [answer](std::string_view name) -> const graphql::object* {
        const auto* const member = answer->find(name);
        return member == nullptr ? nullptr : member->as_object();
    };
    if (const auto* const peer = shown("peer")) return peer->as<peer_view>().id;
    if (const auto* const asset = shown("asset")) return asset->as<asset_view>().id;
    for (const std::string_view name : {"receivingAccount", "walletAddress"}) {
        if (const auto* const receiver = shown(name)) return receiver->as<receiving_account_view>().id;
    }
    return {};
}

/// What a payment is to send, or to deliver. Empty for other mutations.
std::string payment_amount(const graphql::arguments& input) {
    const auto send = amount_of(input, "sendAmount");
    if (send) return ilp::to_string(*send);
    const auto deliver = amount_of(input, "deliverAmount");
    if (!deliver) return {};
    const auto at_most = amount_of(input, "sendMax");
    return fmt::format("deliver {}, send at most {}", ilp::to_string(*deliver),
                       at_most ? ilp::to_string(*at_most) : "-");
}

mutation_report report_on(std::string operation, const graphql::arguments& input,
                          const graphql::field_result& outcome) {
    mutation_report report{.operation = std::move(operation),
                           .idempotency_key = text_of(input, "idempotencyKey"),
                           .refusal = outcome ? std::string{} : outcome.error().code};
    if (const auto amount = amount_of(input, "amount")) {  // `id` is that of the transfer
        report.amount = ilp::to_string(*amount);
        report.transfer = text_of(input, "id");
        for (const std::string_view name : {"peerId", "assetId", "receivingAccountId"}) {
            if (report.object.empty()) report.object = text_of(input, name);
        }
    } else if (input.has("walletAddressId")) {  // withdraws all: the amount is not in the request
        report.object = text_of(input, "walletAddressId");
        report.transfer = text_of(input, "id");
    } else if (input.has("withdrawalId")) {
        report.object = text_of(input, "withdrawalId");
    } else {
        report.object = id_in(outcome);
        report.amount = payment_amount(input);
        for (const std::string_view name : {"id", "peerUrl", "address", "outgoingPaymentId", "incomingPaymentId"}) {
            if (report.object.empty()) report.object = text_of(input, name);
        }
    }
    return report;
}

/// Makes every mutation report itself, including one that its resolver refuses before it does anything.
void report_mutations(graphql::resolvers& all, const services& services) {
    constexpr std::string_view type = "Mutation.";
    for (auto& [name, resolver] : all) {
        if (!name.starts_with(type)) continue;
        resolver = [&services, operation = name.substr(type.size()),
                    inner = std::move(resolver)](const graphql::call& call) {
            auto outcome = inner(call);
            services.report(report_on(operation, call.args.get<graphql::arguments>("input"), outcome));
            return outcome;
        };
    }
}

/// Returns nullopt if out of bounds.
std::optional<std::size_t> size_of_page(std::optional<int> given) {
    if (!given) return page_request::size_default;
    if (*given < 0 || *given > static_cast<int>(page_request::size_max)) return std::nullopt;
    return static_cast<std::size_t>(*given);
}

}  // namespace

std::unexpected<graphql::field_error> refuse(const refusal& refusal) {
    return refuse(refusal.code, refusal.message);
}

std::optional<ilp::amount> amount_of(const graphql::arguments& arguments, std::string_view name) {
    const auto number = arguments.find<std::uint64_t>(name);
    return number ? std::optional{ilp::amount{*number}} : std::nullopt;
}

std::unexpected<graphql::field_error> refuse(refusal_code code, std::string message) {
    return std::unexpected{graphql::field_error{std::move(message), code_texts[std::to_underlying(code)]}};
}

std::unexpected<graphql::field_error> refuse_cursor() {
    return refuse(refusal_code::bad_user_input,
                  "unknown cursor: it belongs to another list, or its entry has been deleted meanwhile; begin again "
                  "with the first page");
}

std::string id_of(std::string_view text) {
    std::string id{text};
    to_lower_case(id);
    return id;
}

bool is_tenant(const services& services, std::string_view id) {
    return id_of(id) == services.tenant_id;
}

refusal unknown_tenant() {
    return {refusal_code::not_found, "tenant does not exist"};
}

bool is_of_tenant(const services& services, const graphql::arguments& args) {
    const auto tenant = args.find<std::string>("tenantId");
    return !tenant || is_tenant(services, *tenant);
}

std::string synthetic_uuid(std::string_view group, std::uint64_t number) {
    return fmt::format("00000000-0000-4000-{}-{:012x}", group, number & 0xffff'ffff'ffff);
}

std::string id_of_account(const services& services, account_id account) {
    const auto owner = services.directory.find_receiving_account_by_account(account);
    return owner ? std::string{owner->uuid} : id_of_deleted_account(account);
}

std::string id_of_deleted_account(account_id account) {
    return synthetic_uuid("8000", std::to_underlying(account));
}

std::expected<page_request, graphql::field_error> page_of(const graphql::arguments& arguments) {
    page_request page;
    page.after = arguments.find<std::string>("after");
    page.before = arguments.find<std::string>("before");
    const auto last = arguments.find<int>("last");
    if (last && !page.before) {
        return refuse(refusal_code::bad_user_input, "Can't paginate backwards from the start.");
    }
    const auto first_size = size_of_page(arguments.find<int>("first"));
    const auto last_size = size_of_page(last);
    if (!first_size || !last_size) return refuse(refusal_code::bad_user_input, "Pagination index error");
    page.size = !page.after && page.before ? *last_size : *first_size;
    if (page.after) page.after = id_of(*page.after);
    if (page.before) page.before = id_of(*page.before);
    page.newest_first = arguments.find<std::string>("sortOrder").value_or("DESC") == "DESC";
    return page;
}

graphql::field_result answer_of(std::string_view type, const mutation_outcome& outcome) {
    if (!outcome) return refuse(outcome.error());
    graphql::object::members members{{"code", "200"}, {"success", true}, {"message", outcome->message}};
    if (outcome->peer) members.push_back({"peer", to_value(*outcome->peer)});
    if (outcome->asset) members.push_back({"asset", to_value(*outcome->asset)});
    if (outcome->receiving_account) {
        members.push_back({"receivingAccount", to_value(*outcome->receiving_account)});
    }
    return graphql::object{type, std::move(members)};
}

std::unique_ptr<const graphql::engine> make_engine(services& services, mutations& mutations) {
    graphql::resolvers all;
    add_type_resolvers(all, services);
    add_query_resolvers(all, services);
    add_cluster(all, services);
    add_asset_mutations(all, services, mutations);
    add_peer_mutations(all, services, mutations);
    add_receiving_account_mutations(all, services, mutations);
    add_wallet_addresses(all, services, mutations);
    add_payments(all, services, mutations);
    add_rafiki_payments(all, services);
    add_liquidity_mutations(all, services, mutations);
    report_mutations(all, services);
    return std::make_unique<const graphql::engine>(load_schema(), std::move(all));
}

}  // namespace peering::admin
