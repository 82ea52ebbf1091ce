#include "connector/ilpctl/command_line.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>

namespace {

using namespace connector::ilpctl;

optional_text variable(const std::string& name) {
    const char* text = std::getenv(name.c_str());
    return text == nullptr ? optional_text{} : optional_text{text};
}

bool err_is_terminal() {
    return ::isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb";
}

}  // namespace

int main(int argc, char** argv) {
    const auto system =
        system_interface{.variable = variable,
                         .in = std::cin,
                         .out = std::cout,
                         .err = std::cerr,
                         .connect = [](daemon_location where, credentials who,
                                       std::chrono::milliseconds timeout) -> std::unique_ptr<api> {
                             return std::make_unique<remote_api>(std::move(where), std::move(who), timeout);
                         },
                         .err_is_terminal = err_is_terminal()};
    const auto status = run({argv + 1, argv + argc}, system);
    if (!std::cout.flush()) {
        std::cerr << "ilpctl: cannot write to standard output\n";
        return static_cast<int>(exit_status::refused);
    }
    return static_cast<int>(status);
}
