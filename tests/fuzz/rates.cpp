#include "connector/rates/rate_answer.hpp"
#include "ilp/bytes.hpp"
#include "tests/fuzz/property.hpp"

#include <string>

using fuzz::require;

namespace {

void check(const ilp::rate& rate) {
    require(rate.digits > 0 && rate.digits % 10 != 0, "a rate is above zero, and has no zero at its end");
    const std::string text = to_string(rate);
    require(ilp::parse_rate(text) == rate, "write, read: the same rate");
}

}  // namespace

/// The input is a rate, a source's answer, or invalid data that is refused with a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    if (const auto rate = ilp::parse_rate(text)) check(*rate);

    const auto rates = connector::parse_rates(text, "USD");
    if (!rates) {
        require(!rates.error().empty() && rates.error().size() < 300, "what is refused has a reason, and a short one");
        return 0;
    }
    std::string again = R"({"base": "USD", "rates": {)";
    for (const auto& [code, fault] : rates->odd) {
        require(!fault.empty() && fault.size() < 300, "what is odd has a reason, and a short one");
        require(!rates->rates.contains(code), "no currency is both odd and good");
    }
    for (const auto& [code, rate] : rates->rates) {
        check(rate);
        // Codes with characters that JSON would have to escape are not tested.
        if (code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos) return 0;
        again += (again.back() == '{' ? "\"" : ", \"") + code + "\": " + to_string(rate);
    }
    const auto read_again = connector::parse_rates(again + "}}", "USD");
    require(read_again && read_again->rates == rates->rates, "write, read: the same rates");
    return 0;
}
