#pragma once

#include "tests/support/child_process.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace support {

/// A certificate and its key, in PEM.
struct identity {
    std::string certificate;
    std::string key;
    std::string key_pin;  ///< SHA-256 of the public key, as 64 hexadecimal digits
};

/// The same in two files.
struct identity_files {
    std::string certificate;
    std::string key;  ///< only the owner may read it
};

struct certificate_wishes {
    std::vector<std::string> names{};   ///< host names and IP addresses
    std::chrono::hours valid_from{-1};  ///< from now on
    std::chrono::hours valid_until{24};
    bool is_self_signed = false;  ///< not by the authority
    /// Keeps the key of this one, as a renewal may do; a new key if empty.
    std::string key{};
};

/// A certificate authority of one test. It is made in about a millisecond, with keys on the curve P-256.
class authority {
public:
    explicit authority(const std::string& name = "Test authority");
    ~authority();
    authority(const authority&) = delete;
    authority& operator=(const authority&) = delete;

    /// Its own certificate in PEM, for those who are to trust it.
    const std::string& certificate() const noexcept { return certificate_; }

    /// Good for servers and for clients.
    identity issue(const certificate_wishes& wishes) const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
    std::string certificate_;
};

/// Files of one test, in a folder that is removed with this object.
class certificate_folder {
public:
    /// Writes NAME.crt and NAME.key, or replaces both.
    identity_files write(const std::string& name, const identity& identity) const;
    /// Returns the path.
    std::string write_file(const std::string& name, const std::string& text) const;
    std::string path() const { return directory_.path().string(); }

private:
    temporary_directory directory_;
};

}  // namespace support
