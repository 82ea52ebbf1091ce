#include "connector/ilpctl/table.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace table_test {

using namespace connector::ilpctl;

TEST_CASE("ilpctl tables: columns are as wide as their longest cell") {
    auto table = connector::ilpctl::table{{{"NAME"}, {"LIQUIDITY", alignment::right}, {"ID"}}};
    table.add({"bob", "1.00 USD", "1"});
    table.add({"a-long-name", "1000000.00 USD", ""});
    CHECK(table.text() ==
          "NAME              LIQUIDITY  ID\n"
          "bob                1.00 USD  1\n"
          "a-long-name  1000000.00 USD\n");
}

TEST_CASE("ilpctl tables: an empty one has its headings") {
    CHECK(connector::ilpctl::table{{{"NAME"}, {"ID"}}}.text() == "NAME  ID\n");
}

TEST_CASE("ilpctl tables: letters beyond ASCII take one place") {
    auto table = connector::ilpctl::table{{{"NAME"}, {"ID"}}};
    table.add({"Zürich", "1"});
    table.add({"Zurich", "2"});
    CHECK(table.text() == "NAME    ID\nZürich  1\nZurich  2\n");
}

TEST_CASE("ilpctl tables: a sheet has a line for each value") {
    auto sheet = connector::ilpctl::sheet{};
    sheet.add("id", "1");
    sheet.add("liquidity", "1.00 USD");
    CHECK(sheet.text() == "id         1\nliquidity  1.00 USD\n");
}

TEST_CASE("ilpctl tables: control characters from the server are escaped") {
    CHECK(printable("bob") == "bob");
    CHECK(printable("\x1b[2J") == "\\x1b[2J");
    CHECK(printable("a\r\nb\tc") == "a\\x0d\\x0ab\\x09c");
    CHECK(printable(std::string_view{"a\0b", 3}) == "a\\x00b");
    CHECK(printable("\x7f") == "\\x7f");
    CHECK(printable("\xc2\x9b") == "\\u009b");              // CSI
    CHECK(printable("\xe2\x80\xae") == "\\u202e");          // right-to-left override
    CHECK(printable("\xe2\x81\xa6") == "\\u2066");          // isolate
    CHECK(printable("\xef\xbb\xbf") == "\\ufeff");          // byte order mark
    CHECK(printable("\xe3\x85\xa4") == "\\u3164");          // a letter that shows nothing
    CHECK(printable("\xff") == "\\xff");                    // not UTF-8
    CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong
    CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
    CHECK(printable("\xe2\x80") == "\\xe2\\x80");           // truncated
    CHECK(printable("\xf5\x80\x80\x80") == "\\xf5\\x80\\x80\\x80");
    CHECK(printable("a\\b") == "a\\\\b");
    CHECK(printable("Zürich 😀") == "Zürich 😀");
}

TEST_CASE("ilpctl table: as comma-separated values, cells keep their texts, and none is a formula") {
    auto rows = table{{{"NAME"}, {"AMOUNT", alignment::right}}};
    rows.add({"a, \"b\"", "12.50"});
    rows.add({"=1+1", "-"});
    rows.add({"@x", ""});
    CHECK(rows.csv() == "NAME,AMOUNT\r\n\"a, \"\"b\"\"\",12.50\r\n'=1+1,-\r\n'@x,\r\n");
}

}  // namespace table_test
