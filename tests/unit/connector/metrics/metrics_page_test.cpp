#include "connector/metrics/metrics_page.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace metrics_page_test {

TEST_CASE("docs/operating/metrics.md is the list of these metrics") {
    auto file = std::ifstream{ILPD_SOURCE_DIR "/docs/operating/metrics.md"};
    const auto committed = std::string{std::istreambuf_iterator<char>{file}, {}};
    INFO("regenerate it: ilpd --metrics-reference > docs/operating/metrics.md");
    const bool is_current = committed == connector::metrics_markdown();
    CHECK(is_current);
}

}  // namespace metrics_page_test
