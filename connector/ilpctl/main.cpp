#include "connector/ilpctl/command_line.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>

namespace {

using namespace connector::ilpctl;

optional_text variable(const std::string& name) {
    const char* text = std::getenv(name.c_str());
    return text == nullptr ? optional_text{} : optional_text{text};
}

bool is_terminal(int descriptor) {
    return ::isatty(descriptor) == 1 && variable("TERM") != "dumb";
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
                         .err_is_terminal = is_terminal(STDERR_FILENO),
                         .out_is_terminal = is_terminal(STDOUT_FILENO),
                         .pause =
                             [](std::chrono::milliseconds time) {
                                 std::this_thread::sleep_for(time);
                                 return static_cast<bool>(std::cout);
                             }};
    const auto status = run({argv + 1, argv + argc}, system);
    if (!std::cout.flush()) {
        std::cerr << "ilpctl: cannot write to standard output\n";
        return static_cast<int>(exit_status::refused);
    }
    return static_cast<int>(status);
}
