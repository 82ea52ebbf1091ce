#include "connector/base/held_signals.hpp"

#include <pthread.h>

#include <array>
#include <csignal>

namespace connector {
namespace {

void mask(int how) noexcept {
    sigset_t control;
    sigemptyset(&control);
    for (const int signal : std::array{SIGHUP, SIGTERM, SIGINT, SIGQUIT}) sigaddset(&control, signal);
    pthread_sigmask(how, &control, nullptr);
}

}  // namespace

void hold_signals() noexcept {
    mask(SIG_BLOCK);
}

void release_signals() noexcept {
    mask(SIG_UNBLOCK);
}

}  // namespace connector
