#include "config/load.hpp"
#include "config/schema.hpp"
#include "ilp/bytes.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

using fuzz::require;

namespace {

std::optional<std::string> variable(std::string_view name) {
    if (name == "A") return "test.a";
    return std::nullopt;
}

}  // namespace

/// Any text yields either settings that can be printed and read back, or error messages that are safe to print on a
/// terminal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const config::environment environment = variable;
    auto loaded = config::load_text(ilp::as_text({octets, size}), "f", environment);
    if (!loaded) {
        require(!loaded.error().empty(), "what is refused has a reason");
        for (const config::problem& problem : loaded.error())
            require(std::ranges::all_of(to_string(problem), [](char c) { return c >= 0x20 && c < 0x7f; }),
                    "a problem is printable ASCII");
        return 0;
    }
    // Printed tokens are hidden, so all would read back as the same token. Without tokens, a client key would have to
    // identify one peer.
    for (config::peer_settings& peer : loaded->peers) peer.http.incoming = {};
    loaded->store.key.reset();  // hidden, it is no key
    const std::string printed = config::to_yaml(*loaded);
    const auto again = config::load_text(printed, "f", environment);
    require(again.has_value(), "what is printed can be read");
    require(config::to_yaml(*again) == printed, "and says the same");
    return 0;
}
