#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>

namespace connector {

/// Has one scrape gathered and written at a time, in the order in which they were asked for. With many peers, what is
/// gathered and the text are large, and only the finished texts have a bound together (http_server_bounds). Runs on one
/// loop.
class scrape_queue {
public:
    using done = std::function<void(std::string)>;

    /// `collect` calls its argument once, later.
    explicit scrape_queue(std::function<void(done)> collect) : collect_{std::move(collect)} {}

    void ask(done done) {
        waiting_.push_back(std::move(done));
        if (!std::exchange(is_collecting_, true)) collect_next();
    }

private:
    void collect_next() {
        is_collecting_ = !waiting_.empty();
        if (!is_collecting_) return;
        collect_([this, done = std::move(waiting_.front())](std::string text) {
            done(std::move(text));
            collect_next();
        });
        waiting_.pop_front();
    }

    const std::function<void(done)> collect_;
    std::deque<done> waiting_;
    bool is_collecting_ = false;
};

}  // namespace connector
