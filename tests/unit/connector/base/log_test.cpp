#include "connector/base/log.hpp"

#include "tests/unit/connector/base/captured_log.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

namespace log_test {

namespace logging = connector::log;
using connector::testing::captured;
using namespace std::string_literals;

namespace {

std::string written(std::string_view message, std::initializer_list<logging::field> fields = {}) {
    return captured([&] { logging::write(logging::level::info, message, fields); });
}

/// The part after time and level.
std::string rest_of(const std::string& line) {
    constexpr std::string_view shape = "0000-00-00T00:00:00.000Z ";
    INFO(line);
    std::string time = line.substr(0, shape.size());
    std::ranges::replace_if(time, [](char c) { return c >= '0' && c <= '9'; }, '0');
    REQUIRE(time == shape);
    REQUIRE(line.ends_with('\n'));
    const std::size_t level_end = line.find(' ', shape.size());
    REQUIRE(level_end != std::string::npos);
    return line.substr(level_end + 1, line.size() - level_end - 2);
}

const std::string nasty = "line\r\nnext\x1b[31m\0 \x7f\xff\xc3\xa9 \"quoted\" back\\slash"s;

}  // namespace

TEST_CASE("log: text lines have time, level, message and fields") {
    logging::configure({config::log_level::info, config::log_format::text});
    const std::string line = written("ready", {{"listen", "127.0.0.1:3002"}, {"note", "two words"}, {"nothing", ""}});
    CHECK(line.find(" info ") != std::string::npos);
    CHECK(rest_of(line) == R"(ready listen=127.0.0.1:3002 note="two words" nothing="")");
}

TEST_CASE("A15-06: text from outside is escaped in text lines") {
    logging::configure({config::log_level::info, config::log_format::text});
    const std::string line = written(nasty, {{"value", nasty}});
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    for (const char c : line.substr(0, line.size() - 1)) CHECK((c >= 0x20 && c < 0x7f));
    CHECK(rest_of(line).find(R"(line\x0d\x0anext\x1b[31m\x00 \x7f\xff\xc3\xa9)") == 0);

    for (int octet = 0; octet < 256; ++octet) {
        const std::string one = written("m", {{"f", std::string(1, static_cast<char>(octet))}});
        if (std::count(one.begin(), one.end(), '\n') != 1) FAIL("octet " << octet);
        for (const char c : one.substr(0, one.size() - 1)) {
            if (c < 0x20 || c >= 0x7f) FAIL("octet " << octet);
        }
    }
}

TEST_CASE("A15-06: a value cannot pretend to be another field") {
    logging::configure({config::log_level::info, config::log_format::text});
    CHECK(rest_of(written("m", {{"f", "a level=error"}})) == R"(m f="a level=error")");
    CHECK(rest_of(written("m", {{"f", R"(a" level="error)"}})) == R"(m f="a\" level=\"error")");
    CHECK(rest_of(written("m", {{"f", R"(a\" level="error)"}})) == R"(m f="a\\\" level=\"error")");
    CHECK(rest_of(written("m", {{"f", R"(a=b\)"}})) == R"(m f="a=b\\")");
    // A literal escape in a stranger's text differs from one that represents a byte.
    CHECK(rest_of(written("m", {{"f", R"(\x0a)"}})) != rest_of(written("m", {{"f", "\n"}})));
}

TEST_CASE("log: JSON lines are objects whose values are escaped too") {
    logging::configure({config::log_level::info, config::log_format::json});
    const std::string line = written(nasty, {{"value", nasty}, {"code", "F00"}});
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    for (const char c : line.substr(0, line.size() - 1)) CHECK((c >= 0x20 && c < 0x7f));
    const auto object = boost::json::parse(line);
    CHECK(vectors::text(object.at("level")) == "info");
    CHECK(vectors::text(object.at("code")) == "F00");
    CHECK(vectors::text(object.at("time")).size() == 24);
    const std::string expected = R"(line\x0d\x0anext\x1b[31m\x00 \x7f\xff\xc3\xa9 "quoted" back\\slash)";
    CHECK(vectors::text(object.at("message")) == expected);
    CHECK(vectors::text(object.at("value")) == expected);
    logging::configure({config::log_level::info, config::log_format::text});
}

TEST_CASE("log: levels below the configured one are not written") {
    logging::configure({config::log_level::warn, config::log_format::text});
    CHECK_FALSE(logging::enabled(logging::level::info));
    CHECK(logging::enabled(logging::level::warn));
    CHECK(written("quiet").empty());
    CHECK_FALSE(captured([] { logging::write(logging::level::error, "loud"); }).empty());
    logging::configure({config::log_level::trace, config::log_format::text});
    CHECK(logging::enabled(logging::level::trace));
    CHECK(captured([] { logging::write(logging::level::debug, "m"); }).find(" debug ") != std::string::npos);
    logging::configure({config::log_level::info, config::log_format::text});
}

TEST_CASE("log: JSON lines have numbers as numbers and JSON as JSON") {
    logging::configure({config::log_level::info, config::log_format::json});
    const std::string line =
        written("m", {{"count", 18446744073709551615U},
                      {"below", -1},
                      {"text", "7"},
                      {"event", logging::json{R"({"id":"x\u001b\u00e9","asset":{"scale":9},"list":[1,"\u007f"]})"}},
                      {"broken", logging::json{"{no JSON"}}});
    for (const char c : line.substr(0, line.size() - 1)) CHECK((c >= 0x20 && c < 0x7f));
    const auto object = boost::json::parse(line);
    CHECK(object.at("count").as_uint64() == 18446744073709551615U);
    CHECK(object.at("below").as_int64() == -1);
    CHECK(vectors::text(object.at("text")) == "7");
    CHECK(object.at("event").at("asset").at("scale").as_int64() == 9);
    CHECK(vectors::text(object.at("event").at("id")) == R"(x\x1b\xc3\xa9)");
    CHECK(vectors::text(object.at("broken")) == "{no JSON");
    logging::configure({config::log_level::info, config::log_format::text});
    CHECK(rest_of(written("m", {{"count", 7}, {"event", logging::json{R"({"a":1})"}}})) ==
          R"(m count=7 event="{\"a\":1}")");
}

TEST_CASE("log: lines to the journal begin with their priority, lines to anything else do not") {
    const auto lines_for = [](const char* stream) {
        return captured([stream] {
            struct stat status{};
            REQUIRE(::fstat(STDERR_FILENO, &status) == 0);
            const std::string own = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
            ::setenv("JOURNAL_STREAM", stream == nullptr ? own.c_str() : stream, 1);
            logging::configure({config::log_level::trace, config::log_format::text});
            logging::write(logging::level::error, "a");
            logging::write(logging::level::warn, "b");
            logging::write(logging::level::info, "c");
            logging::write(logging::level::debug, "d");
            ::unsetenv("JOURNAL_STREAM");
        });
    };
    const std::string journal = lines_for(nullptr);
    INFO(journal);
    CHECK(journal.starts_with("<3>"));
    for (const auto* const start : {"\n<4>", "\n<6>", "\n<7>"}) CHECK(journal.find(start) != std::string::npos);
    CHECK(lines_for("1:1").find('<') == std::string::npos);
    logging::configure({config::log_level::info, config::log_format::text});
}

TEST_CASE("log: lines that others cause are written once, and then counted") {
    logging::configure({config::log_level::info, config::log_format::text});
    const std::string lines = captured([] {
        for (int i = 0; i < 100; ++i) {
            logging::write_seldom({"test", "a"}, logging::level::warn, "refused", {{"from", "a"}});
            logging::write_seldom({"test", "b"}, logging::level::warn, "refused", {{"from", "b"}});
        }
        logging::write_seldom({"another test", "a"}, logging::level::warn, "odd");
        logging::finish(std::chrono::seconds{60});
    });
    INFO(lines);
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 5);
    CHECK(lines.find("refused from=a\n") != std::string::npos);
    CHECK(lines.find("more lines of this kind were left out kind=test source=b lines=99\n") != std::string::npos);
}

}  // namespace log_test
