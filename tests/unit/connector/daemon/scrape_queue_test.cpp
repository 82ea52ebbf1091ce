#include "connector/daemon/scrape_queue.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace scrape_queue_test {

using connector::scrape_queue;

TEST_CASE("scrape queue: one scrape is gathered at a time, and each asker gets one of its own, in order") {
    std::vector<scrape_queue::done> collecting;
    scrape_queue queue{[&](scrape_queue::done done) { collecting.push_back(std::move(done)); }};
    std::vector<std::string> heard;
    const auto ask = [&](const std::string& name) {
        queue.ask([&heard, name](const std::string& text) { heard.push_back(name + " " + text); });
    };
    ask("first");
    ask("second");
    ask("third");
    REQUIRE(collecting.size() == 1);
    auto ended = std::move(collecting[0]);
    ended("a");
    CHECK(heard == std::vector<std::string>{"first a"});
    REQUIRE(collecting.size() == 2);
    ask("fourth");
    CHECK(collecting.size() == 2);
    for (std::size_t i = 1; i < 4; ++i) {
        REQUIRE(collecting.size() == i + 1);
        ended = std::move(collecting[i]);
        ended(std::to_string(i));
    }
    CHECK(heard == std::vector<std::string>{"first a", "second 1", "third 2", "fourth 3"});
    CHECK(collecting.size() == 4);
    ask("fifth");  // nothing waits any more
    CHECK(collecting.size() == 5);
}

}  // namespace scrape_queue_test
