#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace connector::ilpctl {

/// A part of a whole, in one unit.
struct share_done {
    std::uint64_t done = 0;
    std::uint64_t whole = 0;  ///< 0 if it is not known yet
};

/// Returns a bar such as "[#####---------------]". It is full only when everything is done.
std::string bar(const share_done& share);

/// Says how far something has come: on a terminal with a bar in one line, which is written again; elsewhere with a line
/// for each change, without a bar.
class progress {
public:
    progress(std::ostream& out, bool is_terminal) : out_{out}, is_terminal_{is_terminal} {}
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    /// Ends the line of a terminal.
    ~progress();

    /// `text` may have been chosen by others.
    void show(const share_done& share, std::string_view text);

private:
    std::ostream& out_;
    bool is_terminal_;
    std::string said_;
};

}  // namespace connector::ilpctl
