#pragma once

#include <source_location>

namespace ilp {

/// A sentence that says what must hold. It is written in the source, so no secret can get into it.
class invariant {
public:
    consteval invariant(const char* sentence) : sentence_{sentence} {}
    constexpr const char* sentence() const noexcept { return sentence_; }

private:
    const char* sentence_;
};

/// Says on standard error, in one line, what is broken and where, and aborts.
[[noreturn, gnu::cold, gnu::noinline]] void abort_because_of(invariant broken, std::source_location where) noexcept;

/// A check that every build makes, the one that ships included: where money is concerned, it is better to stop than to
/// go on with a book that is wrong. While the invariant holds, it costs a comparison and a branch.
[[gnu::always_inline]] inline void require(bool holds, invariant what,
                                           std::source_location where = std::source_location::current()) noexcept {
    if (!holds) [[unlikely]] {
        abort_because_of(what, where);
    }
}

}  // namespace ilp
