#include "connector/base/service_manager.hpp"

#include "tests/support/notify_socket.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <map>
#include <string>

namespace service_manager_test {

using connector::service_manager;
using std::chrono::microseconds;

namespace {

config::environment variables(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional{found->second};
    };
}

}  // namespace

TEST_CASE("service manager: without one, nothing is told") {
    const service_manager none{variables({{"WATCHDOG_USEC", "1000000"}})};
    CHECK_FALSE(none.is_there());
    CHECK_FALSE(none.watchdog_time());
    none.ready("unheard");
    none.alive();
}

TEST_CASE("service manager: it is told the state, one line of status, and that the daemon is alive") {
    support::notify_socket manager;
    const service_manager told{variables({{"NOTIFY_SOCKET", manager.path()}})};
    REQUIRE(told.is_there());
    CHECK_FALSE(told.watchdog_time());
    told.ready("3 peers");
    CHECK(manager.next() == "READY=1\nSTATUS=3 peers");
    told.status("a\nREADY=1");
    CHECK(manager.next() == "STATUS=a\\x0aREADY=1");
    told.alive();
    CHECK(manager.next() == "WATCHDOG=1");
    told.reloading();
    const std::string reloading = manager.next();
    const std::string_view start = "RELOADING=1\nMONOTONIC_USEC=";
    REQUIRE(reloading.starts_with(start));
    CHECK(std::stoull(reloading.substr(start.size())) > 0);
    told.stopping();
    CHECK(manager.next().starts_with("STOPPING=1\nWATCHDOG_USEC=0\n"));  // nobody waits for alive() any more
}

TEST_CASE("service manager: it watches the process that it names, or any if it names none") {
    const support::notify_socket manager;
    const auto time = [&](std::map<std::string, std::string, std::less<>> values) {
        values["NOTIFY_SOCKET"] = manager.path();
        return service_manager{variables(std::move(values))}.watchdog_time();
    };
    CHECK(time({{"WATCHDOG_USEC", "30000000"}}) == microseconds{30'000'000});
    CHECK(time({{"WATCHDOG_USEC", "30"}, {"WATCHDOG_PID", std::to_string(::getpid())}}) == microseconds{30});
    CHECK_FALSE(time({{"WATCHDOG_USEC", "30"}, {"WATCHDOG_PID", "1"}}));
    CHECK_FALSE(time({{"WATCHDOG_USEC", "soon"}}));
    CHECK_FALSE(time({{"WATCHDOG_USEC", "0"}}));
}

TEST_CASE("service manager: a socket that does not exist, or an unusable name, is like none") {
    for (const auto* const name : {"/nowhere/notify", "relative", "/", "@"}) {
        CHECK_FALSE(service_manager{variables({{"NOTIFY_SOCKET", name}})}.is_there());
    }
    CHECK_FALSE(service_manager{variables({{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}})}.is_there());
}

}  // namespace service_manager_test
