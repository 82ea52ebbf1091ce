#include "config/reference_writer.hpp"

#include <catch2/catch.hpp>

namespace reference_writer_test {

TEST_CASE("a reference page has a table for the rows after each paragraph") {
    auto out = config::reference_writer{};
    out.columns({"Name", "Meaning"});
    out.heading("first", "About it.");
    out.row({"`a`", "one"});
    out.row({"`b`", ""});
    out.paragraph("More.");
    out.row({"`c`", "three"});
    CHECK(out.take() ==
          "## first\n"
          "\n"
          "About it.\n"
          "\n"
          "| Name | Meaning |\n"
          "| --- | --- |\n"
          "| `a` | one |\n"
          "| `b` | |\n"
          "\n"
          "More.\n"
          "\n"
          "| Name | Meaning |\n"
          "| --- | --- |\n"
          "| `c` | three |\n");
}

TEST_CASE("a vertical bar in a cell of a reference page does not end the cell") {
    auto out = config::reference_writer{};
    out.columns({"Name", "Meaning"});
    out.row({"`a|b`", "|piped | twice|"});
    out.paragraph("a|b");
    CHECK(out.take() ==
          "\n"
          "| Name | Meaning |\n"
          "| --- | --- |\n"
          "| `a\\|b` | \\|piped \\| twice\\| |\n"
          "\n"
          "a|b\n");
}

}  // namespace reference_writer_test
