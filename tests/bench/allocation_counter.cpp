#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// A library that is preloaded into a proxy (LD_PRELOAD). It counts the heap calls in the file named by
// ILPD_BENCH_ALLOCATIONS, which the load generator maps as well. operator new is counted because it calls malloc or
// aligned_alloc. Calls from a database's library are counted separately.

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

using counter = std::atomic<std::uint64_t>;

struct counters {
    counter own{0};
    counter of_database{0};
};

counters not_shared;
constinit std::atomic<counters*> shared{&not_shared};

struct code {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    bool holds(std::uintptr_t place) const noexcept { return begin <= place && place < end; }
};
std::array<code, 8> databases_code;  // unused entries are empty
std::size_t databases = 0;

[[gnu::always_inline]] inline void count() noexcept {
    const auto caller = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
    bool is_database = false;
    for (const code& code : databases_code) is_database = is_database || code.holds(caller);
    counters& all = *shared.load(std::memory_order_relaxed);
    (is_database ? all.of_database : all.own).fetch_add(1, std::memory_order_relaxed);
}

int look_for_database(dl_phdr_info* object, std::size_t, void*) {
    if (std::strstr(object->dlpi_name, "libsqlite3") == nullptr && std::strstr(object->dlpi_name, "libpq") == nullptr) {
        return 0;
    }
    for (std::size_t i = 0; i < object->dlpi_phnum && databases < databases_code.size(); ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
        const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
        databases_code[databases++] = {begin, begin + segment.p_memsz};
    }
    return 0;
}

[[gnu::constructor]] void share_counters() {
    dl_iterate_phdr(look_for_database, nullptr);
    const char* const path = std::getenv("ILPD_BENCH_ALLOCATIONS");
    if (path == nullptr) return;
    const int file = open(path, O_RDWR | O_CLOEXEC);
    void* const mapped = mmap(nullptr, sizeof(counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    if (mapped != MAP_FAILED) shared = static_cast<counters*>(mapped);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept {
    count();
    return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) noexcept {
    count();
    return __libc_calloc(number, size);
}

void* realloc(void* old, std::size_t size) noexcept {
    count();
    return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    count();
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
    count();
    void* const made = __libc_memalign(alignment, size);
    if (made == nullptr) return ENOMEM;
    *result = made;
    return 0;
}
}
