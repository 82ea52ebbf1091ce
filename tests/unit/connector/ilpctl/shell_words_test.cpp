#include "connector/ilpctl/shell_words.hpp"

#include <catch2/catch.hpp>

namespace shell_words_test {

using namespace connector::ilpctl;

namespace {

using words = std::vector<std::string>;

}  // namespace

TEST_CASE("ilpctl: a command is shown as a shell takes it") {
    CHECK(command_with({"payments", "--from", "alice", "--url=http://127.0.0.1:3001/graphql"}) ==
          "ilpctl payments --from alice '--url=http://127.0.0.1:3001/graphql'");
    CHECK(command_with({"asset", "show", "USD/9"}) == "ilpctl asset show USD/9");
    CHECK(command_with({"pay", "$bob.example/bob"}) == "ilpctl pay '$bob.example/bob'");
    CHECK(command_with({"transfers", "bob's"}) == R"(ilpctl transfers 'bob'\''s')");
    CHECK(command_with({"transfers", "", "a b", "~", "*", "a\nb"}) == "ilpctl transfers '' 'a b' '~' '*' 'a\nb'");
    CHECK(command_with({}) == "ilpctl");
}

TEST_CASE("ilpctl: the next page of a list is the same command after the last entry") {
    CHECK(words_for_next_page({"payments"}, "x") == words{"payments", "--after", "x"});
    CHECK(words_for_next_page({"payments", "--after", "w", "--limit", "3"}, "x") ==
          words{"payments", "--limit", "3", "--after", "x"});
    CHECK(words_for_next_page({"--after=w", "payments"}, "x") == words{"payments", "--after", "x"});
    CHECK(words_for_next_page({"transfers", "--after", "w", "--", "--after"}, "x") ==
          words{"transfers", "--after", "x", "--", "--after"});
    CHECK(words_for_next_page({"transfers", "--after"}, "x") == words{"transfers", "--after", "x"});
}

}  // namespace shell_words_test
