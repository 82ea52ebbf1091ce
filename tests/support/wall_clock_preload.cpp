#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

// A library that is preloaded into a daemon (LD_PRELOAD), so that a test can set its wall clock while it runs. It adds
// the milliseconds in the file named by ILPD_TEST_WALL_CLOCK, which the test maps as well. Other clocks stay as they
// are.

namespace {

using milliseconds = std::atomic<std::int64_t>;

milliseconds not_set{0};
constinit std::atomic<milliseconds*> shared{&not_set};

[[gnu::constructor]] void share_difference() {
    const char* const path = std::getenv("ILPD_TEST_WALL_CLOCK");
    if (path == nullptr) return;
    const int file = open(path, O_RDWR | O_CLOEXEC);
    void* const mapped = mmap(nullptr, sizeof(milliseconds), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    if (mapped != MAP_FAILED) shared = static_cast<milliseconds*>(mapped);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t id, timespec* result) noexcept {
    const long status = syscall(SYS_clock_gettime, id, result);
    if (status != 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return static_cast<int>(status);
    const std::int64_t set = shared.load()->load();
    result->tv_sec += set / 1000;
    result->tv_nsec += set % 1000 * 1'000'000;
    if (result->tv_nsec < 0) {
        --result->tv_sec;
        result->tv_nsec += 1'000'000'000;
    } else if (result->tv_nsec >= 1'000'000'000) {
        ++result->tv_sec;
        result->tv_nsec -= 1'000'000'000;
    }
    return 0;
}

int gettimeofday(timeval* result, void*) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    *result = {now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t* result) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != nullptr) *result = now.tv_sec;
    return now.tv_sec;
}
}
