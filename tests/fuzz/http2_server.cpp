#include "tests/fuzz/http2.hpp"

using namespace connector::http2;
using fuzz::require;

namespace {

/// A server that answers each request, at once or after the next one, as the first byte of its body or its number says.
fuzz::http2_record serve(std::string_view octets, std::size_t piece) {
    fuzz::http2_record record;
    server_session session{record.sent};
    ilp::bytes ok;
    append_status(ok, 200);
    std::vector<std::uint64_t> waiting;
    bool has_meaning[known_blocks::places]{};
    fuzz::feed(session, octets, piece, record, [&](const event& e) {
        switch (e.kind) {
            case event_kind::head:
                if (e.head == nullptr) {
                    require(e.place < known_blocks::places && has_meaning[e.place], "a known block has a meaning");
                } else {
                    require(!e.head->method.empty(), "a request has a method");
                    if (e.place < known_blocks::places) has_meaning[e.place] = true;
                }
                if (e.fault) return session.answer(e.number, ok, ilp::as_bytes("fault"), record.sent);
                if (e.number % 16 == 15) session.answer(e.number, ok, {}, record.sent);
                return;
            case event_kind::message:
                if (e.body.size() % 3 != 0) {
                    waiting.push_back(e.number);
                    return;
                }
                session.answer(e.number, ok, e.body, record.sent);
                if (waiting.size() < 4) return;
                for (const auto number : waiting) session.answer(number, ok, ilp::as_bytes("late"), record.sent);
                waiting.clear();
                return;
            case event_kind::reset:
                std::erase(waiting, e.number);
                return;
            case event_kind::needs_more:
            case event_kind::pause:
            case event_kind::failed:
                return;
        }
    });
    return record;
}

}  // namespace

/// What a server makes of a connection does not depend on how its bytes were split, and what it sends is well-formed.
/// The first byte of the input says how long the pieces are. The input needs no preface.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    if (size == 0) return 0;
    std::string input{preface};
    input.append({0, 0, 0, 4, 0, 0, 0, 0, 0});  // empty SETTINGS
    input.append(octets + 1, octets + size);
    const auto whole = serve(input, input.size());
    fuzz::require_frames(whole.sent);
    require(serve(input, 1 + octets[0] % 64) == whole, "the same events and frames in pieces");
    return 0;
}
