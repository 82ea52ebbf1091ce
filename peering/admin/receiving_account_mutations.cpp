#include "peering/admin/resolvers.hpp"

#include <string>
#include <utility>

namespace peering::admin {
namespace {

using graphql::arguments;
using graphql::call;
using graphql::field_result;

constexpr const char* receiving_account_response = "ReceivingAccountMutationResponse";

mutation_outcome done(const char* message, const administration::receiving_account_outcome& receiver) {
    if (!receiver) return std::unexpected{receiver.error()};
    return done_mutation{message, std::nullopt, std::nullopt, receiving_account_view{**receiver}};
}

}  // namespace

void add_receiving_account_mutations(graphql::resolvers& to, services& services, mutations& mutations) {
    to["Mutation.createReceivingAccount"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const receiving_account_wanted wanted{.asset_uuid = id_of(input.get<std::string>("assetId")),
                                              .name = input.get<std::string>("name"),
                                              .public_name = input.find<std::string>("publicName").value_or("")};
        const auto outcome =
            mutations.decide("createReceivingAccount", input, [&services, wanted](transaction& transaction) {
                return done("Created receiving account",
                            services.administration.create_receiving_account(transaction, wanted));
            });
        return answer_of(receiving_account_response, outcome);
    };
    to["Mutation.updateReceivingAccount"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const receiving_account_edit edit{.public_name = input.find<std::string>("publicName"),
                                          .enabled = input.find<bool>("enabled")};
        const auto outcome =
            mutations.decide("updateReceivingAccount", input,
                             [&services, id = id_of(input.get<std::string>("id")), edit](transaction& transaction) {
                                 return done("Updated receiving account",
                                             services.administration.update_receiving_account(transaction, id, edit));
                             });
        return answer_of(receiving_account_response, outcome);
    };
    to["Mutation.deleteReceivingAccount"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto outcome =
            mutations.decide("deleteReceivingAccount", input,
                             [&services, id = id_of(input.get<std::string>("id"))](transaction& transaction) {
                                 return done("Deleted receiving account",
                                             services.administration.delete_receiving_account(transaction, id));
                             });
        return answer_of(receiving_account_response, outcome);
    };
}

}  // namespace peering::admin
