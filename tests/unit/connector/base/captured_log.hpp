#pragma once

#include "connector/base/log.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>

namespace connector::testing {

/// Captures standard error, with the lines of the log, while `write` runs.
inline std::string captured(const std::function<void()>& write) {
    std::FILE* const file = std::tmpfile();
    if (file == nullptr) throw std::runtime_error{"no temporary file"};
    std::fflush(stderr);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(::fileno(file), STDERR_FILENO);
    write();
    CHECK(log::flush(std::chrono::seconds{60}));
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    std::rewind(file);
    std::string text;
    std::array<char, 4096> piece;
    for (std::size_t size = 0; (size = std::fread(piece.data(), 1, piece.size(), file)) != 0;)
        text.append(piece.data(), size);
    std::fclose(file);
    return text;
}

}  // namespace connector::testing
