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
// aligned_alloc. Calls from a database's library and from OpenSSL are counted separately.

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

using counter = std::atomic<std::uint64_t>;

enum class origin : std::uint8_t { own, database, openssl };
constexpr std::size_t origins = 3;

struct counters {
    std::array<counter, origins> of{};
};

counters not_shared;
constinit std::atomic<counters*> shared{&not_shared};

/// The code of a library.
struct code {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    origin of = origin::own;
    bool holds(std::uintptr_t place) const noexcept { return begin <= place && place < end; }
};
std::array<code, 16> libraries_code;  // unused entries are empty
std::size_t known_codes = 0;

[[gnu::always_inline]] inline void count() noexcept {
    const auto caller = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
    origin from = origin::own;
    for (const code& code : libraries_code) {
        if (code.holds(caller)) from = code.of;
    }
    counters& all = *shared.load(std::memory_order_relaxed);
    all.of[static_cast<std::size_t>(from)].fetch_add(1, std::memory_order_relaxed);
}

origin origin_of(const char* library) {
    const auto is = [library](const char* name) { return std::strstr(library, name) != nullptr; };
    if (is("libsqlite3") || is("libpq")) return origin::database;
    return is("libssl") || is("libcrypto") ? origin::openssl : origin::own;
}

int look_for_library(dl_phdr_info* object, std::size_t, void*) {
    const origin of = origin_of(object->dlpi_name);
    if (of == origin::own) return 0;
    for (std::size_t i = 0; i < object->dlpi_phnum && known_codes < libraries_code.size(); ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
        const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
        libraries_code[known_codes++] = {begin, begin + segment.p_memsz, of};
    }
    return 0;
}

[[gnu::constructor]] void share_counters() {
    dl_iterate_phdr(look_for_library, nullptr);
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
