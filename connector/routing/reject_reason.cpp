#include "connector/routing/reject_reason.hpp"

#include "config/reference_writer.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace connector {
namespace {

using enum ilp::error_code;

constexpr std::array reject_texts{
#define REJECT_REASON(identifier, code, message) reject_text{#identifier, code, message},
#include "connector/routing/reject_reasons.def"
#undef REJECT_REASON
};

}  // namespace

const reject_text& describe(reject_reason reason) noexcept {
    return reject_texts[static_cast<std::size_t>(reason)];
}

std::string reject_reasons_markdown() {
    config::reference_writer out;
    out.paragraph("# Reject reasons");
    out.paragraph(
        "Generated from `connector/routing/reject_reasons.def`: change it there, then run\n"
        "`ilpd --reject-reasons-reference > docs/operating/reject-reasons.md`.");
    out.paragraph(
        "This table lists every reason for which ilpd itself refuses a Prepare. The sender gets the code and the "
        "message\n"
        "in the Reject. The identifier is the label `reason` of `ilp_packets_refused_total` ([metrics.md](metrics.md)) "
        "and\n"
        "the field `reason` of the log line `packet refused`, which is written at the level debug;\n"
        "[watching.md](watching.md#a-packet-that-has-failed) explains how to find the line of one packet. A Reject "
        "from "
        "a\n"
        "next hop is passed on unchanged and has no reason here. The message of an F99 is not sent: whoever pays "
        "learns "
        "why\n"
        "from the encrypted reply.");
    out.columns({"Identifier", "Code", "Name in RFC 27", "Message"});
    for (const auto& [identifier, code, message] : reject_texts) {
        out.row({fmt::format("`{}`", identifier), ilp::code_text(code), ilp::name(code), message});
    }
    return out.take();
}

}  // namespace connector
