#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace connector::ilpctl {

/// The exit status. The values are listed in the manual page and are therefore a contract.
enum class exit_status : std::uint8_t {
    done = 0,
    refused = 1,          ///< refused by the daemon, or a ping that failed
    usage = 2,            ///< the command line is wrong; nothing was changed
    no_answer = 3,        ///< no Admin API answered
    unauthenticated = 4,  ///< the daemon could not authenticate the request
};

/// Ends the command. It may be thrown from anywhere and is caught only in run().
class failure : public std::runtime_error {
public:
    failure(exit_status status, const std::string& message, std::string code = {})
        : std::runtime_error{message}, status_{status}, code_{std::move(code)} {}
    exit_status status() const noexcept { return status_; }
    const std::string& code() const noexcept { return code_; }  ///< the daemon's error code, such as NOT_FOUND

private:
    exit_status status_;
    std::string code_;
};

}  // namespace connector::ilpctl
