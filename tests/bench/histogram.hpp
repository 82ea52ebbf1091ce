#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

/// A histogram of durations in nanoseconds, with buckets no wider than 1/64 of their value. It takes 29 KiB and does
/// not allocate.
class histogram {
public:
    void add(std::uint64_t value) noexcept {
        ++counts_[bucket_of(value)];
        ++total_;
    }

    /// The middle of the bucket in which the given share of all values is reached; 0 if there are no values.
    double quantile(double share) const noexcept {
        const auto wanted = share * static_cast<double>(total_);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen != 0 && static_cast<double>(seen) >= wanted) return middle_of(i);
        }
        return 0;
    }

    std::uint64_t total() const noexcept { return total_; }

private:
    static constexpr unsigned fine_bits = 6;
    static constexpr std::size_t fine_count = std::size_t{1} << fine_bits;

    /// Values below fine_count have a bucket each. Above that, each power of two is divided into fine_count buckets.
    static std::size_t bucket_of(std::uint64_t value) noexcept {
        if (value < fine_count) return value;
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - fine_bits;
        return (std::size_t{shift} + 1) * fine_count + ((value >> shift) - fine_count);
    }

    static double middle_of(std::size_t bucket) noexcept {
        if (bucket < fine_count) return static_cast<double>(bucket);
        const auto shift = bucket / fine_count - 1;
        const auto low = (bucket % fine_count + fine_count) << shift;
        return static_cast<double>(low) + static_cast<double>(std::uint64_t{1} << shift) / 2;
    }

    std::array<std::uint64_t, (64 - fine_bits + 1) * fine_count> counts_{};
    std::uint64_t total_ = 0;
};

}  // namespace bench
