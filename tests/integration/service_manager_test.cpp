#include "tests/integration/neighbourhood.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/notify_socket.hpp"
#include "tests/support/rig.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace service_manager_test {

namespace {

using namespace support;

/// A listening socket with a descriptor that collides with none that the shell redirects.
descriptor passed_socket() {
    const auto socket = listen_on(0);
    return descriptor{::fcntl(socket.get(), F_DUPFD, 100)};
}

}  // namespace

TEST_CASE("service manager: it hears that the daemon is ready, alive, reloading and stopping") {
    notify_socket manager;
    rig r{[&](daemon_terms& terms) {
        terms.environment = {{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "4000000"}};
    }};
    CHECK(manager.next() == "READY=1\nSTATUS=2 peers, 0 packets/s");
    // The second one tells that every worker and the committer have answered.
    CHECK(manager.next() == "WATCHDOG=1");
    CHECK(manager.next() == "STATUS=2 peers, 0 packets/s");
    CHECK(manager.next("WATCHDOG=1") == "WATCHDOG=1");
    CHECK(manager.next("STATUS=").starts_with("STATUS=2 peers"));

    r.d.reload();
    CHECK(manager.next("RELOADING=1\n").starts_with("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(manager.next("READY=1").starts_with("READY=1\nSTATUS=2 peers"));

    std::ofstream{r.d.config_path(), std::ios::app} << "nonsense\n";
    r.d.process().signal(SIGHUP);
    manager.next("RELOADING=1\n");
    CHECK(manager.next("READY=1").ends_with("; the last reload failed: the configuration file has errors"));
    r.d.write_config();

    CHECK(r.d.stop() == 0);
    CHECK(manager.next("STOPPING=1").starts_with("STOPPING=1\n"));
}

TEST_CASE("service manager: a passed socket at another address than the setting's is refused") {
    const auto socket = passed_socket();
    daemon_terms terms{.peers = {{.name = "p1"}}, .passed_sockets = {{"admin", socket.get()}}};
    CHECK_THROWS_WITH(ilpd_daemon{terms}, Catch::Contains("admin.listen: it is 127.0.0.1:") &&
                                              Catch::Contains("give both the same address"));
}

TEMPLATE_TEST_CASE("service manager: restarts under load with a passed socket refuse no connection and lose no packet",
                   "", on_sqlite, on_postgresql) {
    const store_place place{TestType::kind};
    neighbourhood peers;
    const auto socket = passed_socket();
    daemon_terms terms = peers.terms(place.url());
    terms.passed_sockets = {{"packets", socket.get()}};
    terms.connector.emplace_back("shutdown_grace: 60s");  // the senders end their connections before
    ilpd_daemon d{std::move(terms), local_port(socket)};
    {
        const neighbourhood::load load{peers, d, 2};
        for (int i = 0; i < 3; ++i) {
            const std::uint64_t before = peers.answers("fulfill");
            REQUIRE(eventually([&] { return peers.answers("fulfill") > before + 50; }));
            REQUIRE(d.stop() == 0);
            d.start();
        }
        const std::uint64_t before = peers.answers("fulfill");
        REQUIRE(eventually([&] { return peers.answers("fulfill") > before + 50; }));
    }
    CHECK(peers.refused() == 0);
    CHECK(peers.unanswered() == 0);
    peers.expect_booked(d, place);
    REQUIRE(d.stop() == 0);
    CHECK(d.audit().status == 0);
}

}  // namespace service_manager_test
