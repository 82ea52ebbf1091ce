#pragma once

#include "connector/loop/byte_stream.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace connector::testing {

/// What a scripted_filter does, and what was done with it. The test keeps it while the connection owns the filter.
struct stream_script {
    struct read_step {
        stream_state state = stream_state::done;
        std::string text{};
        bool drained = false;
    };
    struct write_step {
        stream_state state = stream_state::done;
        std::size_t takes_at_most = 0;
        bool part_may_have_left = false;
    };

    // Each call takes the first step. Without one, a handshake is done, a read wants reading, and a write takes all.
    std::deque<stream_state> handshake;
    std::deque<read_step> reads;
    std::deque<write_step> writes;
    std::deque<stream_state> ends;

    std::string refusal;     ///< what the other side has said in the end, if anything
    std::size_t memory = 0;  ///< what it says to have

    std::string written;
    int handshakes = 0;
    int ended = 0;
};

/// A stream that behaves as the test says, whatever its socket does; the socket only raises the events.
class scripted_filter final : public stream_filter {
public:
    explicit scripted_filter(std::shared_ptr<stream_script> script) : script_{std::move(script)} {}

    stream_result handshake(int) override {
        ++script_->handshakes;
        return {.state = take(script_->handshake, stream_state::done)};
    }

    std::size_t memory() const noexcept override { return script_->memory; }

    stream_result read(int, std::span<char> into) override {
        const auto [state, text, drained] = take(script_->reads, {stream_state::wants_reading, "", true});
        std::memcpy(into.data(), text.data(), text.size());
        return {.state = state, .drained = drained, .count = text.size()};
    }

    stream_result write(int, ilp::bytes_view octets) override {
        const auto [state, most, part] = take(script_->writes, {stream_state::done, octets.size(), false});
        const auto taken = octets.first(std::min(most, octets.size()));
        script_->written += ilp::as_text(taken);
        return {.state = state, .part_may_have_left = part, .count = taken.size()};
    }

    stream_result end_sending(int) override {
        ++script_->ended;
        return {.state = take(script_->ends, stream_state::done)};
    }

    std::string_view failure() const noexcept override { return script_->refusal; }
    bool was_refused() const noexcept override { return !script_->refusal.empty(); }

private:
    template <typename Step>
    static Step take(std::deque<Step>& steps, Step otherwise) {
        if (steps.empty()) return otherwise;
        Step first = std::move(steps.front());
        steps.pop_front();
        return first;
    }

    std::shared_ptr<stream_script> script_;
};

}  // namespace connector::testing
