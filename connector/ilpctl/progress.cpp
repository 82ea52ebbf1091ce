#include "connector/ilpctl/progress.hpp"

#include "connector/ilpctl/table.hpp"
#include "peering/records/wide_amount.hpp"

#include <algorithm>

namespace connector::ilpctl {
namespace {

constexpr std::size_t bar_width = 20;

constexpr std::string_view begin_line_again = "\r\x1b[K";

}  // namespace

std::string bar(const share_done& share) {
    const std::uint64_t done = std::min(share.done, share.whole);
    const auto filled = share.whole == 0
                            ? std::size_t{0}
                            : static_cast<std::size_t>(peering::wide_amount{done} * bar_width / share.whole);
    return "[" + std::string(filled, '#') + std::string(bar_width - filled, '-') + "]";
}

progress::~progress() {
    if (is_terminal_ && !said_.empty()) out_ << '\n' << std::flush;
}

void progress::show(const share_done& share, std::string_view text) {
    auto line = printable(text);
    if (is_terminal_) line = bar(share) + " " + line;
    if (line == said_) return;
    if (is_terminal_) {
        out_ << begin_line_again << line << std::flush;
    } else {
        out_ << line << '\n' << std::flush;
    }
    said_ = std::move(line);
}

}  // namespace connector::ilpctl
