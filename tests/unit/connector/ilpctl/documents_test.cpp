#include "connector/ilpctl/documents.hpp"

#include "peering/admin/schema.hpp"
#include "peering/graphql/engine.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <fstream>
#include <set>
#include <string>

namespace documents_test {

namespace graphql = peering::graphql;

namespace {

using namespace connector::ilpctl::documents;

constexpr std::array all{&status,
                         &cluster,
                         &whoami,
                         &tenants,
                         &tenant,
                         &assets,
                         &asset,
                         &asset_by_unit,
                         &create_asset,
                         &update_asset,
                         &delete_asset,
                         &peers,
                         &peer,
                         &create_peer,
                         &add_peer_by_url,
                         &update_peer,
                         &delete_peer,
                         &set_peer_enabled,
                         &deposit_peer,
                         &deposit_asset,
                         &withdraw_peer,
                         &withdraw_asset,
                         &post_withdrawal,
                         &void_withdrawal,
                         &transfers,
                         &routes,
                         &route,
                         &events,
                         &ping,
                         &receiving_accounts,
                         &receiving_account,
                         &receiving_account_by_name,
                         &create_receiving_account,
                         &update_receiving_account,
                         &delete_receiving_account,
                         &deposit_receiving_account,
                         &withdraw_receiving_account,
                         &payments,
                         &payment,
                         &create_payment,
                         &cancel_payment,
                         &examine_peer,
                         &traffic,
                         &correct_peer,
                         &agree_peer};

}  // namespace

TEST_CASE("ilpctl documents: these tests know all that the header declares") {
    auto file = std::ifstream{ILPD_SOURCE_DIR "/connector/ilpctl/documents.hpp"};
    std::size_t declared = 0;
    for (std::string line; std::getline(file, line);) declared += line.starts_with("extern const document ") ? 1U : 0U;
    CHECK(declared == all.size());
}

TEST_CASE("ilpctl documents: each is valid for the schema and selects the field that it names") {
    const auto engine = graphql::engine{peering::admin::load_schema(), {}};
    for (const auto* document : all) {
        INFO(document->text);
        const auto prepared = engine.prepare(document->text, "");
        if (!prepared) FAIL(boost::json::serialize(prepared.error().body));
        REQUIRE(prepared->operation->set.selections.size() == 1);
        CHECK(prepared->operation->set.selections.front().name.text == document->field);
    }
}

TEST_CASE("ilpctl documents: every query and mutation of the schema has a document") {
    auto asked = std::set<std::string_view>{};
    for (const auto* document : all) asked.insert(document->field);
    const auto schema = peering::admin::load_schema();
    // ilpctl uses the names of ilpd for receiving accounts and payments, and not those of Rafiki. It uses the route
    // table to find the peer of an address and asset, and pages of transfers instead of Rafiki's two lists; fees do not
    // exist yet.
    const auto left_out = std::set<std::string_view>{"peerByAddressAndAsset",
                                                     "accountingTransfers",
                                                     "setFee",
                                                     "walletAddress",
                                                     "walletAddresses",
                                                     "createWalletAddress",
                                                     "updateWalletAddress",
                                                     "createWalletAddressWithdrawal",
                                                     "outgoingPayment",
                                                     "incomingPayment",
                                                     "depositOutgoingPaymentLiquidity",
                                                     "createOutgoingPaymentWithdrawal",
                                                     "createIncomingPaymentWithdrawal"};
    for (const auto& type : schema.types()) {
        if (type->name != "Query" && type->name != "Mutation") continue;
        for (const auto& field : type->fields) {
            INFO(field.name);
            CHECK(asked.contains(field.name) != left_out.contains(field.name));
        }
    }
}

TEST_CASE("ilpctl documents: secrets are requested only to be shown") {
    for (const auto* document : all) {
        INFO(document->text);
        for (const auto* secret : {"apiSecret", "idpSecret"}) CHECK(!document->text.contains(secret));
        if (document->text.contains("authToken")) CHECK(document->text.contains("authToken @include(if: $secrets)"));
    }
}

}  // namespace documents_test
