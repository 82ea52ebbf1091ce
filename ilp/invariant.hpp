#pragma once

#include <source_location>
#include <string_view>

namespace ilp {

/// A sentence that states what must hold. It is a compile-time constant, so no secret can end up in it.
class invariant {
public:
    consteval invariant(const char* sentence) : sentence_{sentence} {}
    constexpr const char* sentence() const noexcept { return sentence_; }

private:
    const char* sentence_;
};

/// Receives the line about a broken invariant, which ends with LF. It is called on any thread and must not block,
/// because a program with a broken invariant must end.
using invariant_listener = void (*)(std::string_view line) noexcept;

/// Without a listener, the line is written to standard error.
void tell_broken_invariants_to(invariant_listener listener) noexcept;

/// Reports the broken invariant and its location in one line, then aborts.
[[noreturn, gnu::cold, gnu::noinline]] void abort_on_broken(invariant broken, std::source_location where) noexcept;

/// A check that is active in every build, including release builds: where money is concerned, it is better to stop than
/// to continue with wrong balances. While the invariant holds, it costs one comparison and one branch.
[[gnu::always_inline]] inline void require(bool holds, invariant what,
                                           std::source_location where = std::source_location::current()) noexcept {
    if (!holds) [[unlikely]] {
        abort_on_broken(what, where);
    }
}

}  // namespace ilp
