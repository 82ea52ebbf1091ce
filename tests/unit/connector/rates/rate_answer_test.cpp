#include "connector/rates/rate_answer.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace rate_answer_test {

using connector::parse_rates;

namespace {

std::string fault_of(const std::string& body) {
    const auto rates = parse_rates(body, "USD");
    return rates ? "none" : rates.error();
}

/// The fault of the entry for EUR, beside a valid one for JPY.
std::string odd_eur(const std::string& rate) {
    const auto answer = parse_rates(R"({"base": "USD", "rates": {"JPY": 150, "EUR": )" + rate + "}}", "USD");
    if (!answer) return answer.error();
    REQUIRE(answer->rates.contains("JPY"));
    const auto found = answer->odd.find("EUR");
    if (found == answer->odd.end()) return "none";
    CHECK_FALSE(answer->rates.contains("EUR"));
    return found->second;
}

std::string with_rates(const std::string& rates) {
    return R"({"base": "USD", "rates": )" + rates + "}";
}

std::string with_eur(const std::string& rate) {
    return with_rates(R"({"EUR": )" + rate + "}");
}

}  // namespace

TEST_CASE("A27-33: rates are taken from the digits of the answer") {
    const auto rates = parse_rates(
        R"( {"base": "USD", "rates": {"EUR": 0.813399, "JPY": 150, "X": 9007199254740993, "big": 1.2e20,
             "BIG": 18446744073709551616, "XRP": 0.1234567890123456789012345678901234, "\u20bf": 1E-8}} )",
        "USD");
    REQUIRE(rates);
    CHECK(rates->rates.size() == 7);
    CHECK(rates->odd.empty());
    for (const auto& [code, written] :
         std::vector<std::pair<std::string, std::string>>{{"EUR", "0.813399"},
                                                          {"JPY", "150"},
                                                          {"X", "9007199254740993"},
                                                          {"big", "120000000000000000000"},
                                                          {"BIG", "18446744073709551616"},
                                                          {"XRP", "0.1234567890123456789012345678901234"},
                                                          {"\u20bf", "0.00000001"}}) {
        CAPTURE(code);
        REQUIRE(rates->rates.contains(code));
        CHECK(to_string(rates->rates.at(code)) == written);
    }
}

TEST_CASE("members other than base and rates are ignored") {
    CHECK(fault_of(R"({"rates": {"EUR": 2}, "base": "USD"})") == "none");
    CHECK(fault_of(R"({"success": true, "timestamp": -5, "date": "2026-03-14", "none": null, "base": "USD",
                       "list": [1, {"rates": {"EUR": "x"}, "base": 3}, []], "meta": {"rates": {"EUR": -1}, "base": "EUR"},
                       "rates": {"EUR": 2, "USD": 1.000}, "date": 7})") == "none");
    CHECK(fault_of(with_rates("{}")) == "none");
}

TEST_CASE("an odd entry alone is refused, with a description of its fault") {
    CHECK(odd_eur("0.8") == "none");
    CHECK(odd_eur("0") == "has 0 as the rate for EUR");
    CHECK(odd_eur("0.0e3") == "has 0.0e3 as the rate for EUR");
    CHECK(odd_eur("-0.8") == "has -0.8 as the rate for EUR");
    CHECK(odd_eur("1e400") == "has 1e400 as the rate for EUR");
    CHECK(odd_eur("0.12345678901234567890123456789012345") ==
          "has 0.12345678901234567890123456789012345 as the rate for EUR");
    CHECK(odd_eur("\"0.8\"") == "has a text as the rate for EUR");
    CHECK(odd_eur("null") == "has null as the rate for EUR");
    CHECK(odd_eur("true") == "has true as the rate for EUR");
    CHECK(odd_eur("[0.8, {\"JPY\": 1}]") == "has a list as the rate for EUR");
    CHECK(odd_eur("{\"JPY\": 0.8, \"rates\": {\"EUR\": [2]}}") == "has an object as the rate for EUR");
    CHECK(odd_eur("1, \"EUR\": 1") == "has two rates for EUR");
    CHECK(odd_eur("1, \"EUR\": null, \"EUR\": 1") == "has null as the rate for EUR");
    CHECK(odd_eur("null, \"USD\": null") == "has null as the rate for EUR");
}

TEST_CASE("an answer that contradicts itself about its base, or is not JSON, is refused as a whole") {
    CHECK(odd_eur("1, \"USD\": 1.01") == "has a rate other than 1 for the base itself");
    for (const char* const no_json : {"NaN", "Infinity", "-Infinity", "1.", ".5", "+1", "1e", "0x1", "01"}) {
        CAPTURE(no_json);
        CHECK(odd_eur(no_json).starts_with("is not JSON: "));
    }
}

TEST_CASE("a number with an exponent that no integer holds is refused") {
    // Boost.JSON 1.81 does not take it for JSON, but 1.83 does.
    const std::string fault = odd_eur("1e99999999999");
    CAPTURE(fault);
    CHECK((fault.starts_with("is not JSON: ") || fault == "has 1e99999999999 as the rate for EUR"));
}

TEST_CASE("a response of another form is refused") {
    for (const char* const no_json :
         {"", " ", "{", "{\"base\"", "<html></html>", R"({"base": "USD", "rates": {"EUR": 0.81)",
          R"({"base": 'USD', "rates": {}})", "{\"base\": \"\xff\"}", R"({"base": "USD", "rates": {"EUR": 0.8},})",
          R"({"base": "USD" /* */, "rates": {}})"}) {
        CAPTURE(no_json);
        CHECK(fault_of(no_json).starts_with("is not JSON: "));
    }
    for (const char* const no_object :
         {"[]", "3", "0.8", "null", "true", "\"USD\"", "[{\"base\": \"USD\", \"rates\": {}}]"}) {
        CAPTURE(no_object);
        CHECK(fault_of(no_object) == "is not a JSON object");
    }
    CHECK(fault_of("{}") == "has no \"base\"");
    CHECK(fault_of(R"({"rates": {"EUR": 1}})") == "has no \"base\"");
    CHECK(fault_of(R"({"base": "USD"})") == "has no \"rates\"");
    CHECK(fault_of(R"({"base": "EUR", "rates": {}})") == "is for the base EUR");
    CHECK(fault_of(R"({"base": "usd", "rates": {}})") == "is for the base usd");
    CHECK(fault_of(R"({"base": null, "rates": {}})") == "has a value of the wrong type for \"base\"");
    CHECK(fault_of(R"({"base": ["USD"], "rates": {}})") == "has a value of the wrong type for \"base\"");
    CHECK(fault_of(R"({"base": {"USD": 1}, "rates": {}})") == "has a value of the wrong type for \"base\"");
    CHECK(fault_of(with_rates("[]")) == "has a value of the wrong type for \"rates\"");
    CHECK(fault_of(with_rates("1")) == "has a value of the wrong type for \"rates\"");
    CHECK(fault_of(with_rates("\"EUR\"")) == "has a value of the wrong type for \"rates\"");
    CHECK(fault_of(with_rates("null")) == "has a value of the wrong type for \"rates\"");
    CHECK(fault_of(with_rates("{}, \"rates\": {}")) == "has two \"rates\"");
    CHECK(fault_of(with_rates("{}, \"base\": \"USD\"")) == "has two \"base\"");
    CHECK(fault_of(with_rates("{}") + " x").find("JSON") != std::string::npos);
    CHECK(fault_of(with_rates("{}") + with_rates("{}")).find("JSON") != std::string::npos);
}

TEST_CASE("the size and depth of a response are bounded") {
    std::string full = with_eur("1");
    full.append(connector::rate_answer_size_max - full.size(), ' ');
    CHECK(fault_of(full) == "none");
    CHECK(fault_of(full + " ") == "is too large");
    CHECK(fault_of(std::string(100'000, '[')) == "is not a JSON object");
    CHECK(fault_of("{\"a\": " + std::string(100'000, '[')).starts_with("is not JSON: "));
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += (i == 0 ? "\"" : ", \"") + std::to_string(i) + "\": 1.5";
    CHECK(parse_rates(with_rates("{" + many + "}"), "USD")->rates.size() == 10'000);
    // A stranger's text is truncated when shown.
    const std::string name(1000, 'x');
    CHECK(parse_rates(with_rates("{\"" + name + "\": null}"), "USD")->odd.at(name).size() < 200);
}

}  // namespace rate_answer_test
