#include "peering/store/sealed_secret.hpp"

#include "ilp/bytes.hpp"
#include "tests/fuzz/property.hpp"

#include <string>

using fuzz::require;
using namespace peering;

/// The input is a value from a database that anybody may have written. It is never opened unless we have sealed it, for
/// the same purpose. What we seal is opened again, and not with one character changed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    static const sealing_keys keys = parse_sealing_keys(std::string(64, '1') + "," + std::string(64, '2')).value();
    const auto text = ilp::as_text({octets, size});
    static_cast<void>(parse_sealing_keys(text));
    const auto opened = open_sealed(keys, text, "purpose");
    require(!is_sealed(text) ? opened == text : !opened, "a value that we have not sealed is plain, or refused");

    std::string sealed = seal(keys[1], text, "purpose");
    require(is_sealed_with(keys[1], sealed) && !is_sealed_with(keys[0], sealed), "the key is recognized");
    require(open_sealed(keys, sealed, "purpose") == text, "seal, open: the same");
    require(!open_sealed(keys, sealed, "another"), "not for another purpose");
    require(!open_sealed({}, sealed, "purpose"), "not without the key");
    char& changed = sealed[sealed.size() - 1 - (size == 0 ? 0 : octets[0] % (sealed.size() - 7))];
    changed = changed == 'A' ? 'B' : 'A';
    require(!open_sealed(keys, sealed, "purpose"), "not changed");
    return 0;
}
