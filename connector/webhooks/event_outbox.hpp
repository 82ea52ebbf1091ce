#pragma once

#include "peering/book/committer.hpp"
#include "peering/records/event.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

namespace connector {

/// The undelivered events in the store. Each `done` is called on the control loop, never before the call returns, and
/// in the order of the calls; it is not called if the daemon stops first. The error is the reason why nothing was
/// loaded or saved.
class event_outbox {
public:
    struct contents {
        std::vector<peering::pending_event> earliest;  ///< sorted by due time
        std::uint64_t count = 0;                       ///< number of all undelivered events of both lines
    };

    virtual ~event_outbox() = default;
    virtual void load(peering::event_line line, std::size_t limit,
                      std::function<void(std::expected<contents, std::string>)> done) = 0;
    virtual void save(peering::event_attempt attempt, std::function<void(std::expected<void, std::string>)> done) = 0;
};

/// Runs on the committer's thread, the only one that may use the store.
class store_outbox final : public event_outbox {
public:
    store_outbox(peering::committer& committer, boost::asio::io_context& control)
        : committer_{committer}, control_{control} {}

    void load(peering::event_line line, std::size_t limit,
              std::function<void(std::expected<contents, std::string>)> done) override;
    void save(peering::event_attempt attempt, std::function<void(std::expected<void, std::string>)> done) override;

private:
    peering::committer& committer_;
    boost::asio::io_context& control_;
};

}  // namespace connector
