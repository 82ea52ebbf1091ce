#pragma once

#include "connector/routing/reject_reason.hpp"
#include "connector/transport/link.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace connector {

/// The link to a peer to which packets cannot be sent: it refuses each of them for the same reason, and says so in the
/// log when the first one comes.
class refusing_link final : public link {
public:
    /// `name` and `endpoint` are the peer's, for the log; `advice` says what an operator can do.
    refusing_link(reject_reason reason, std::string name, std::string endpoint, std::string advice)
        : reason_{reason}, name_{std::move(name)}, endpoint_{std::move(endpoint)}, advice_{std::move(advice)} {}

    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) override;
    std::optional<reject_reason> withdraw(carried_packet&) override { return {}; }
    void forget(carried_packet&) override {}
    std::size_t connection_count() const noexcept override { return 0; }
    std::size_t waiting_count() const noexcept override { return 0; }
    std::string_view trouble() const noexcept override { return advice_; }
    void retire() override { is_retired_ = true; }
    bool is_done() const noexcept override { return is_retired_; }

private:
    const reject_reason reason_;
    const std::string name_;
    const std::string endpoint_;
    const std::string advice_;
    bool has_reported_ = false;
    bool is_retired_ = false;
};

}  // namespace connector
