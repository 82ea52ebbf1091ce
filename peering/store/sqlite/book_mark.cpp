#include "peering/store/sqlite/book_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace peering::sqlite {
namespace {

constexpr std::string_view introduction =
    "ilpd writes here how far the database beside this file has come. Number of its last transfer: ";
constexpr std::size_t number_width = 20;  // as many as the largest number has
constexpr std::size_t mark_size = introduction.size() + number_width + 1;

}  // namespace

std::string book_mark::path_for(const std::string& database) {
    const std::filesystem::path path{database};
    return (path.parent_path() / fmt::format(".{}.mark", path.filename().string())).string();
}

std::uint64_t book_mark::read(const std::string& database) {
    const int descriptor = ::open(path_for(database).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return 0;
    std::array<char, mark_size> content{};
    const ssize_t count = ::pread(descriptor, content.data(), content.size(), 0);
    ::close(descriptor);
    const std::string_view text{content.data(), content.size()};
    if (count != static_cast<ssize_t>(mark_size) || !text.starts_with(introduction)) return 0;
    const std::string_view number = text.substr(introduction.size(), number_width);
    std::uint64_t last_transfer = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), last_transfer);
    return error == std::errc{} && end == number.data() + number.size() ? last_transfer : 0;
}

std::expected<book_mark, std::string> book_mark::open(const std::string& database) {
    const std::string path = path_for(database);
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return std::unexpected{
            fmt::format("cannot open or create {}: {}", path, std::generic_category().message(errno))};
    }
    return book_mark{descriptor};
}

book_mark::~book_mark() {
    if (descriptor_ < 0) return;
    ::fdatasync(descriptor_);
    ::close(descriptor_);
}

void book_mark::set(std::uint64_t last_transfer) noexcept {
    if (last_transfer == last_transfer_) return;
    std::array<char, mark_size> content{};
    fmt::format_to_n(content.data(), content.size(), "{}{:020}\n", introduction, last_transfer);
    if (::pwrite(descriptor_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size())) {
        last_transfer_ = last_transfer;
    }
}

}  // namespace peering::sqlite
