#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace connector::ilpctl {

/// What a shell sees. The manual page lists them: they are a contract.
enum class exit_status : std::uint8_t {
    done = 0,
    refused = 1,          ///< by the daemon, or a ping that was not reached
    usage = 2,            ///< the command line is wrong; nothing was changed
    no_answer = 3,        ///< nothing that is an Admin API answered
    unauthenticated = 4,  ///< the daemon does not know who is asking
};

/// Ends the command. It is thrown from wherever that turns out, and caught in run() alone.
class failure : public std::runtime_error {
public:
    failure(exit_status status, const std::string& message, std::string code = {})
        : std::runtime_error{message}, status_{status}, code_{std::move(code)} {}
    exit_status status() const noexcept { return status_; }
    const std::string& code() const noexcept { return code_; }  ///< as the daemon gives it, such as NOT_FOUND

private:
    exit_status status_;
    std::string code_;
};

}  // namespace connector::ilpctl
