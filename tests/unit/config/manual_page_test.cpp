#include "config/manual_page.hpp"

#include <catch2/catch.hpp>

namespace manual_page_test {

using config::to_roff;

TEST_CASE("manual page: what Markdown marks as code is bold, and a link is its text") {
    CHECK(to_roff("Use `a-b`, or [the page](page.md#part).") == "Use \\fBa\\-b\\fR, or the page.\n");
    CHECK(to_roff("`peers[].name` and [x]") == "\\fBpeers[].name\\fR and [x]\n");
    CHECK(to_roff("[a [b](c)") == "[a b\n");
}

TEST_CASE("manual page: each sentence begins a line") {
    CHECK(to_roff("One. Two, 3.5 and `a. b`.") == "One.\nTwo, 3.5 and \\fBa. b\\fR.\n");
    CHECK(to_roff("a\nb") == "a\nb\n");
}

TEST_CASE("manual page: no text is taken for a request or an escape") {
    CHECK(to_roff(".SH x") == "\\&.SH x\n");
    CHECK(to_roff("a\n'b") == "a\n\\&'b\n");
    CHECK(to_roff("One. .Two") == "One.\n\\&.Two\n");
    CHECK(to_roff("\\ ^ ~ `'x'`") == "\\e \\(ha \\(ti \\fB\\(aqx\\(aq\\fR\n");
}

TEST_CASE("manual page: a setting has its meaning, its value and its default") {
    config::manual_page out;
    out.lines(".SH SETTINGS");
    out.heading("log", "The log.");
    out.row({"`log.level`", "one of info, warn", "`info`", "The lowest level."});
    out.row({"`store.url`", "a URL", "required, unless `x` is set", ""});
    CHECK(out.text() ==
          ".SH SETTINGS\n"
          ".SS log\n"
          "The log.\n"
          ".TP\n"
          "\\fBlog.level\\fR\n"
          "The lowest level.\n"
          ".br\n"
          "Value: one of info, warn\n"
          ".br\n"
          "Default: \\fBinfo\\fR\n"
          ".TP\n"
          "\\fBstore.url\\fR\n"
          ".br\n"
          "Value: a URL\n"
          ".br\n"
          "Required, unless \\fBx\\fR is set\n");
}

}  // namespace manual_page_test
