#include "connector/daemon/service_status.hpp"

#include <catch2/catch.hpp>

namespace service_status_test {

using connector::status_text;

TEST_CASE("service status: the status says how many peers and packets there are, and what is wrong") {
    CHECK(status_text(0, 0, "") == "0 peers, 0 packets/s");
    CHECK(status_text(1, 119.7, "") == "1 peer, 120 packets/s");
    CHECK(status_text(3, 0.2, "the store does not work: disk full") ==
          "3 peers, 0 packets/s; the store does not work: disk full");
}

}  // namespace service_status_test
