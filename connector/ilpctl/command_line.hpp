#pragma once

#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace connector::ilpctl {

struct global_terms {
    std::string url = "http://127.0.0.1:3001/graphql";
    std::string ca_file{};  ///< empty: the system's authorities
    optional_text secret_file;
    std::string tenant = "00000000-0000-4000-8000-000000000001";
    bool json = false;
    bool raw = false;
    std::chrono::milliseconds timeout = std::chrono::seconds{10};
    std::optional<std::chrono::milliseconds> watch{};  ///< the time after which the verb is run again
};

/// The tree of all verbs and their options. It is used for parsing and for completion, and compared with the manual
/// page.
class command_line {
public:
    command_line();
    command_line(const command_line&) = delete;
    command_line& operator=(const command_line&) = delete;

    CLI::App& tree() noexcept { return tree_; }
    const CLI::App& tree() const noexcept { return tree_; }
    const global_terms& globals() const noexcept { return globals_; }
    const chosen_verb& chosen() const noexcept { return chosen_; }

private:
    global_terms globals_;
    chosen_verb chosen_;
    CLI::App tree_;
};

/// The program's access to the system.
struct system_interface {
    std::function<optional_text(const std::string&)> variable;  ///< environment variable; nullopt if it is not set
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    std::function<std::unique_ptr<api>(daemon_location, credentials, std::chrono::milliseconds)> connect;
    bool err_is_terminal = false;  ///< `err` is a terminal that can write a line again
    bool out_is_terminal = false;  ///< likewise `out`
    /// Waits; false: the program shall end instead.
    std::function<bool(std::chrono::milliseconds)> pause = [](std::chrono::milliseconds) { return false; };
};

/// Runs the whole program. `words` are its arguments without the program name.
exit_status run(const std::vector<std::string>& words, const system_interface& system);

}  // namespace connector::ilpctl
