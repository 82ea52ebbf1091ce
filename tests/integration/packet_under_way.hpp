#pragma once

#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace support {

/// A packet from p1 that p2 has received and does not fulfill before fulfill() is called, so everything in between is
/// certain to happen before the Fulfill. Further packets are not delayed.
class packet_under_way {
public:
    packet_under_way(rig& r, std::uint64_t amount, std::optional<ilp::timestamp> expires_at = {})
        : sent_{.amount = amount,
                .data = random_bytes(8),
                .expires_in = std::chrono::seconds{60},
                .expires_at = expires_at},
          connection_{r.d.port()} {
        r.p2.set_script([hold = hold_, data = sent_.data](const http_message& request) {
            auto answer = answer_fulfill(request);
            if (decode_prepare(request.body).data == data) answer.held_by = hold;
            return answer;
        });
        const std::size_t before = r.p2.request_count();
        connection_.send(ilp_request(encode(sent_)));
        REQUIRE(r.p2.wait_for_requests(before + 1));
    }

    void fulfill() { hold_->open(); }

    /// True once the Fulfill has arrived. Any other answer is an error.
    bool is_answered() {
        if (!answered_) {
            const auto response = connection_.receive(milliseconds{100});
            if (response) expect_fulfill(response, sent_);
            answered_ = response.has_value();
        }
        return answered_;
    }
    void expect_rejected(std::string_view code) { expect_reject(connection_.receive(), code); }
    void expect_fulfilled() {
        if (!answered_) expect_fulfill(connection_.receive(), sent_);
        answered_ = true;
    }

private:
    std::shared_ptr<gate> hold_ = std::make_shared<gate>();
    prepare sent_;
    http_connection connection_;
    bool answered_ = false;
};

}  // namespace support
