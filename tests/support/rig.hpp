#pragma once

#include "tests/support/daemon.hpp"
#include "tests/support/expectations.hpp"
#include "tests/support/fake_peer.hpp"

#include <optional>
#include <string_view>

namespace support {

/// The test rig of the conformance list: a daemon `test.d`, a sender p1 (`test.p1`) and a next hop p2 (`test.p2`), both
/// of which also listen. A test can change the terms before the daemon starts: rig{[](daemon_terms& terms) { ... }}.
struct rig {
    rig() : rig{[](daemon_terms&) {}} {}

    template <typename change_terms>
    explicit rig(const change_terms& change) : d{changed(change)} {}

    std::optional<http_message> send(const prepare& prepare) const { return d.post(prepare); }
    std::optional<http_message> send(ilp::bytes_view body) const { return d.post(body); }

    /// Requires that the packets sent so far have moved no money and reached no peer.
    void expect_untouched() const;

    fake_peer p1;
    fake_peer p2;
    ilpd_daemon d;

private:
    template <typename change_terms>
    daemon_terms changed(const change_terms& change) const {
        daemon_terms terms;
        terms.connector = {"workers: 1"};
        terms.peers = {{.name = "p1", .port = p1.port()}, {.name = "p2", .port = p2.port()}};
        change(terms);
        return terms;
    }
};

}  // namespace support
