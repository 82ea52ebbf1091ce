#include "config/settings.hpp"

#include <catch2/catch.hpp>

namespace settings_test {

using config::settings;

TEST_CASE("a reload applies assets, peers and rates; every other setting needs a restart") {
    const settings before;
    const auto changed = [&before](auto change) {
        settings after = before;
        change(after);
        return needs_restart(before, after);
    };
    CHECK_FALSE(needs_restart(before, before));
    CHECK_FALSE(changed([](settings& s) { s.assets.emplace_back(); }));
    CHECK_FALSE(changed([](settings& s) { s.peers.emplace_back(); }));
    CHECK_FALSE(changed([](settings& s) { s.rates.fixed.emplace_back(); }));

    CHECK(changed([](settings& s) { s.ilp_address = *ilp::address::parse("test.d"); }));
    CHECK(changed([](settings& s) { s.connector.max_connections = 1; }));
    CHECK(changed([](settings& s) { s.admin.api_secret = config::secret{"secret"}; }));
    CHECK(changed([](settings& s) { s.metrics.listen.port = 1; }));
    CHECK(changed([](settings& s) { s.store.url = "memory:"; }));
    CHECK(changed([](settings& s) { s.webhooks.max_retry = 1; }));
    CHECK(changed([](settings& s) { s.auto_peering.enabled = true; }));
    CHECK(changed([](settings& s) { s.log.level = config::log_level::trace; }));
}

}  // namespace settings_test
