#include "tests/fuzz/http2.hpp"

using namespace connector::http2;
using fuzz::require;

namespace {

/// A client that has sent some requests, and sends one more for each answer. Each has at most one outcome.
fuzz::http2_record ask(std::string_view octets, std::size_t piece) {
    fuzz::http2_record record;
    client_session session{record.sent};
    ilp::bytes post;
    append_indexed(post, static_table::method_post);
    std::vector<std::uint64_t> open;
    const auto send = [&] {
        if (session.may_open()) open.push_back(session.request(post, ilp::as_bytes("prepare"), record.sent));
    };
    for (int i = 0; i < 8; ++i) send();
    session.give_up(open[5], record.sent, fuzz::http2_time());
    open.erase(open.begin() + 5);
    fuzz::feed(session, octets, piece, record, [&](const event& e) {
        require(e.kind == event_kind::message || e.kind == event_kind::reset, "an outcome");
        require(std::erase(open, e.number) == 1, "one outcome for each request that is open");
        if (e.kind == event_kind::message) {
            require(e.status >= 200 && e.status <= 999, "a status of three digits");
            send();
        }
    });
    require(open.size() <= session.open_streams(), "the others are open");
    return record;
}

}  // namespace

/// What a client makes of a connection does not depend on how its bytes were split, and what it sends is well-formed.
/// The first byte of the input says how long the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    if (size == 0) return 0;
    std::string input;
    input.append({0, 0, 0, 4, 0, 0, 0, 0, 0});  // empty SETTINGS
    input.append(octets + 1, octets + size);
    const auto whole = ask(input, input.size());
    fuzz::require_frames(whole.sent);
    require(ask(input, 1 + octets[0] % 64) == whole, "the same events and frames in pieces");
    return 0;
}
