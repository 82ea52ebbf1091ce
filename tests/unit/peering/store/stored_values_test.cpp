#include "peering/store/stored_values.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <string>

namespace stored_values_test {

using namespace peering;

namespace {

struct failure {
    std::string message;
};

using stored = stored_values<failure>;

/// The message of the failure that `read` throws; empty if it throws none.
std::string fault_of(auto read) {
    try {
        read();
    } catch (const failure& thrown) {
        return thrown.message;
    }
    return {};
}

}  // namespace

TEST_CASE("values that ilpd has stored are read back") {
    CHECK(stored::kind_of("deposit") == transfer_kind::deposit);
    CHECK(stored::kind_of("withdrawal") == transfer_kind::withdrawal);
    CHECK(stored::state_of("expired") == transfer_state::expired);
    CHECK(stored::origin_of("api", "peer bob") == origin::api);
    CHECK(stored::id_of(record_id_max, "peers") == record_id_max);
    CHECK(stored::amount_of("18446744073709551615", "a") == ilp::amount::max());
    const account_record account = stored::account_of(7, "1", "2", account_kind::settlement, "asset USD/9");
    CHECK(account.id == account_id{7});
    CHECK((account.totals == account_totals{1, 2}));
    CHECK(stored::split_id_of(split_id{1, 2, 3}) == split_id{1, 2, 3});
    CHECK(stored::row_limit(~std::size_t{0}) == 9'223'372'036'854'775'807);
}

TEST_CASE("a value that ilpd does not store is a failure that names it") {
    CHECK(fault_of([] { stored::kind_of("gift"); }).contains("'gift'"));
    CHECK(fault_of([] { stored::state_of(""); }).contains("state"));
    CHECK(fault_of([] { stored::origin_of("elsewhere", "peer bob"); }).contains("peer bob"));
    for (const std::int64_t id :
         {std::int64_t{-1}, std::int64_t{0}, std::int64_t{record_id_max} + 1, std::int64_t{4'294'967'296}}) {
        CHECK(fault_of([id] { stored::id_of(id, "peers"); }) ==
              fmt::format("id {} in table peers is out of range: restore a backup", id));
    }
    for (const std::size_t size : {0U, 15U, 17U}) {
        CHECK(fault_of([size] { stored::split_id_of(ilp::bytes(size)); }).contains(fmt::format("{} octets", size)));
    }
    for (const char* const amount : {"", "-1", "18446744073709551616"}) {
        CHECK(fault_of([amount] { stored::amount_of(amount, "1234"); }).contains("transfer 1234"));
    }
    const auto account = [](std::optional<std::int64_t> id, const char* debits) {
        return fault_of([&] { stored::account_of(id, debits, "0", account_kind::settlement, "asset USD/9"); });
    };
    CHECK(account(std::nullopt, "0").contains("asset USD/9 is missing"));
    CHECK(account(7, "x").contains("(id 7)"));
    CHECK(account(0, "0").contains("table accounts"));
}

}  // namespace stored_values_test
