#include "connector/base/passed_sockets.hpp"

#include "connector/base/listen.hpp"
#include "tests/support/socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <map>
#include <optional>

namespace passed_sockets_test {

using namespace connector;

namespace {

config::environment passed(std::string count, std::string names, std::string pid = std::to_string(::getpid())) {
    return [=](std::string_view name) -> std::optional<std::string> {
        if (name == "LISTEN_PID") return pid;
        if (name == "LISTEN_FDS") return count;
        if (name == "LISTEN_FDNAMES") return names;
        return std::nullopt;
    };
}

config::listen_address at(std::uint16_t port, std::string host = "127.0.0.1") {
    config::listen_address address;
    address.host = std::move(host);
    address.port = port;
    return address;
}

}  // namespace

TEST_CASE("passed sockets: without any, a server listens where its setting says") {
    const auto none = passed_sockets::take([](std::string_view) { return std::optional<std::string>{}; });
    REQUIRE(none);
    const auto point = none->point_for("admin.listen", at(3001));
    REQUIRE(point);
    CHECK_FALSE(point->is_passed());
    CHECK(to_text(point->endpoint) == "127.0.0.1:3001");
    CHECK(none->unused().empty());
}

TEST_CASE("passed sockets: those for another process are not ours") {
    const auto others = passed_sockets::take(passed("5", "nonsense", "1"));
    REQUIRE(others);
    CHECK_FALSE(others->point_for("admin.listen", at(3001))->is_passed());
}

TEST_CASE("passed sockets: a server listens at the one with its name, if the setting has its address") {
    const auto socket = support::listen_on(0);
    const std::uint16_t port = support::local_port(socket);
    const auto taken = passed_sockets::take(passed("1", "metrics"), socket.get());
    REQUIRE(taken);
    CHECK(taken->unused().size() == 1);
    const auto point = taken->point_for("metrics.listen", at(port));
    REQUIRE(point);
    CHECK(point->passed == socket.get());
    CHECK(taken->unused().empty());
    CHECK(taken->point_for("metrics.listen", at(0))->endpoint.port() == port);
    CHECK_FALSE(taken->point_for("admin.listen", at(port))->is_passed());
    const auto other_port = taken->point_for("metrics.listen", at(1));
    REQUIRE_FALSE(other_port);
    CHECK(other_port.error() ==
          "metrics.listen: it is 127.0.0.1:1, and the service manager has passed a socket at "
          "127.0.0.1:" +
              std::to_string(port) + ": give both the same address");
    CHECK_FALSE(taken->point_for("metrics.listen", at(port, "0.0.0.0")));
}

TEST_CASE("passed sockets: what cannot be used is refused with the reason") {
    const auto refusal = [](const config::environment& variables, int first) {
        const auto taken = passed_sockets::take(variables, first);
        return taken ? std::string{} : taken.error();
    };
    const auto socket = support::listen_on(0);
    const int free = socket.get();
    CHECK(refusal(passed("one", "admin"), free).starts_with("LISTEN_FDS: expected a number"));
    CHECK(refusal(passed("65", "admin"), free).starts_with("LISTEN_FDS: expected a number"));
    CHECK(refusal(passed("1", ""), free).find("with the name \"\": name it packets") != std::string::npos);
    CHECK(refusal(passed("1", "ilpd.socket\n"), free).find(R"("ilpd.socket\x0a")") != std::string::npos);
    const auto client = support::connect_to(support::local_port(socket));
    CHECK(refusal(passed("1", "spsp"), client.get()).find("\"spsp\" is not a listening TCP socket") !=
          std::string::npos);
    // Two sockets with one name need neighbouring descriptors.
    const int first = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 200);
    const support::descriptor one{first};
    const support::descriptor two{::fcntl(socket.get(), F_DUPFD_CLOEXEC, first + 1)};
    REQUIRE(two.get() == first + 1);
    CHECK(refusal(passed("2", "admin:admin"), first).find("two sockets with the name \"admin\"") != std::string::npos);
}

TEST_CASE("passed sockets: acceptors share the queue of one, and closing one leaves it to the others") {
    const auto socket = support::listen_on(0);
    boost::asio::io_context context;
    listening_point point{boost::asio::ip::make_address("127.0.0.1"), support::local_port(socket)};
    point.passed = socket.get();
    boost::asio::ip::tcp::acceptor first{context};
    boost::asio::ip::tcp::acceptor second{context};
    REQUIRE_FALSE(open_acceptor(first, point, port_use::shared));
    REQUIRE_FALSE(open_acceptor(second, point, port_use::shared));
    const auto client = support::connect_to(support::local_port(socket));
    first.close();
    boost::asio::ip::tcp::socket accepted{context};
    boost::system::error_code error;
    second.accept(accepted, error);
    CHECK_FALSE(error);
}

}  // namespace passed_sockets_test
