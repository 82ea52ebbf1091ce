#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace connector::http {

/// The last head that came over a connection, and what it meant. Most connections send the same one again and again;
/// finding it costs one comparison, where reading it costs parsing, the hash of the token, and look-ups.
template <typename Meaning>
class known_head {
public:
    /// Null: the octets begin with another head, or with part of one. Takes the same time wherever the difference is: a
    /// head holds a token.
    const Meaning* find(std::string_view octets) const noexcept {
        if (text_.empty() || octets.size() < text_.size()) return nullptr;
        return begins_with_text(octets) ? &meaning_ : nullptr;
    }

    /// A long head is not kept: memory of a connection that is idle.
    void keep(std::string_view head, const Meaning& meaning) {
        if (head.size() > size_max) return forget();
        text_ = head;
        meaning_ = meaning;
    }

    /// What the head that is kept means; null: none is.
    const Meaning* meaning() const noexcept { return text_.empty() ? nullptr : &meaning_; }

    void forget() noexcept { text_.clear(); }

private:
    static constexpr std::size_t size_max = 1024;

    /// Word by word to the end, wherever they differ. libcrypto's function takes octet by octet, seven instructions
    /// each.
    bool begins_with_text(std::string_view octets) const noexcept {
        std::uint64_t difference = 0;
        std::size_t at = 0;
        for (; at + sizeof difference <= text_.size(); at += sizeof difference) {
            std::uint64_t ours = 0;
            std::uint64_t theirs = 0;
            std::memcpy(&ours, text_.data() + at, sizeof ours);
            std::memcpy(&theirs, octets.data() + at, sizeof theirs);
            difference |= ours ^ theirs;
        }
        for (; at < text_.size(); ++at) difference |= static_cast<unsigned char>(text_[at] ^ octets[at]);
        return difference == 0;
    }

    std::string text_;
    Meaning meaning_{};
};

}  // namespace connector::http
