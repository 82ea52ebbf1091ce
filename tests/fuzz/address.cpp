#include "ilp/address.hpp"

#include "ilp/bytes.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

using fuzz::require;

namespace {

/// The grammar of RFC 15, implemented literally and without regard to speed.
bool follows_the_grammar(std::string_view text) {
    constexpr std::array<std::string_view, 10> schemes{"g",    "private", "example", "peer",  "self",
                                                       "test", "test1",   "test2",   "test3", "local"};
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~-";
    if (text.size() > 1023) return false;
    const std::size_t first_dot = text.find('.');
    if (first_dot == std::string_view::npos) return false;
    if (std::ranges::find(schemes, text.substr(0, first_dot)) == schemes.end()) return false;
    std::string_view rest = text.substr(first_dot + 1);
    while (true) {
        const std::string_view segment = rest.substr(0, rest.find('.'));
        if (segment.empty() || segment.find_first_not_of(letters) != std::string_view::npos) return false;
        if (segment.size() == rest.size()) return true;
        rest.remove_prefix(segment.size() + 1);
    }
}

void check_prefixes_of(std::string_view address) {
    require(ilp::covers("", address) && ilp::covers(address, address), "nothing and the whole cover an address");
    for (std::size_t size = 1; size < address.size(); ++size) {
        const std::string_view prefix = address.substr(0, size);
        const bool at_boundary = address[size] == '.';
        require(ilp::covers(prefix, address) == at_boundary, "a prefix covers at a segment boundary only");
    }
}

}  // namespace

/// A text is accepted as an address exactly if it follows RFC 15's grammar, and an address is returned unchanged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view text = ilp::as_text({octets, size});
    const bool is_address = ilp::is_address(text);
    require(is_address == follows_the_grammar(text), "the addresses are those of the grammar");
    const auto address = ilp::address::parse(text);
    require(address.has_value() == is_address, "what is an address can be made one");
    const bool is_bare_scheme = follows_the_grammar(std::string{text} + ".a") && !is_address;
    require(ilp::is_prefix(text) == (text.empty() || is_bare_scheme || is_address), "a prefix is one of these three");
    if (!address) return 0;
    require(address->text() == text && ilp::scheme_of(text), "an address keeps its text and has a scheme");
    check_prefixes_of(text);
    return 0;
}
