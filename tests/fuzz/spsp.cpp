#include "ilp/bytes.hpp"
#include "peering/spsp/spsp_message.hpp"
#include "peering/spsp/spsp_query.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <string>

using fuzz::require;
using namespace peering;

/// The input is an answer, and at the same time two lines with the target and the Accept field of a query.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    if (const auto details = parse_spsp_answer(text)) {
        const auto again = parse_spsp_answer(to_json(*details));
        require(again && *again == *details, "write, read: the same answer");
    } else {
        require(!details.error().empty() && details.error().size() < 200, "what is no answer has a short reason");
    }

    const auto target = text.substr(0, text.find('\n'));
    const auto accept = text.substr(std::min(target.size() + 1, text.size()));
    const spsp_details alice{ilp::address::parse("test.alice").value()};
    std::string asked_for;
    const auto answer = answer_spsp({"GET", target, accept}, "alice", [&](std::string_view account) {
        asked_for = account;
        return account == "alice" ? std::optional{alice} : std::nullopt;
    });
    require((answer.status == 200) == (asked_for == "alice"), "who exists is paid, and nobody else");
    require(answer.status != 200 || parse_spsp_answer(answer.body) == alice, "an answer can be read");
    require(!asked_for.contains('/') && !asked_for.contains('?'), "a name is one segment of a path");
    return 0;
}
