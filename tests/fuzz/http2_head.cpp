#include "connector/transport/http2/head_block.hpp"
#include "connector/transport/http2/message_head.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace connector::http2;
using fuzz::require;

namespace {

struct recorded_fields final : field_sink {
    std::vector<std::pair<std::string, std::string>> list;
    void field(std::string_view name, std::string_view value) override { list.emplace_back(name, value); }
};

void require_clean(std::string_view value) {
    require(std::ranges::none_of(value, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; }),
            "no control octets in a value");
}

}  // namespace

/// A header block that is said to leave the dynamic table as it is means the same when it comes again. The first byte
/// of the input divides the rest into the block before it, which may fill the table, and the block.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    if (size == 0) return 0;
    const ilp::bytes_view input{octets + 1, size - 1};
    const std::size_t divided = std::min<std::size_t>(octets[0], input.size());
    const ilp::bytes_view first = input.first(divided);
    const ilp::bytes_view second = input.subspan(divided);

    head_decoder decoder;
    recorded_fields ignored;
    if (decoder.decode(first, ignored) != head_decoder::outcome::decoded) return 0;
    recorded_fields once;
    if (decoder.decode(second, once) != head_decoder::outcome::decoded) return 0;
    if (leaves_table(second)) {
        recorded_fields again;
        require(decoder.decode(second, again) == head_decoder::outcome::decoded, "it is decoded again");
        require(again.list == once.list, "it means the same again");
        request_fields fields;
        fields.begin();
        decoder.decode(second, fields);
        fields.end();
        if (!fields.is_malformed() && !fields.fault()) {
            const auto& head = fields.head();
            for (const auto value :
                 {head.method, head.target, head.host, head.authorization, head.content_type, head.accept}) {
                require_clean(value);
            }
            require(head.method == "CONNECT" || head.target.starts_with('/') || head.target == "*", "a path");
        }
        response_fields response;
        response.begin();
        decoder.decode(second, response);
        response.end();
        if (!response.is_malformed()) {
            require(response.facts().status >= 100 && response.facts().status <= 999, "a status of three digits");
        }
    }
    return 0;
}
