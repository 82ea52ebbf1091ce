#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <new>
#include <sqlite3.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace peering::testing {

enum class file_call : std::uint8_t { open, write, sync, truncate, shm_map };
inline constexpr std::size_t file_calls = 5;

/// A short write stops in the middle and reports that.
enum class disk_fault : std::uint8_t { error, full, short_write, delay };

/// SQLite's access to the disk for the lifetime of this object. It forwards every call except those that are to fail.
/// xSync does not wait for the disk but records the contents of the file at that moment, which is what a power cut
/// would leave. Only one object may exist at a time.
class faulty_vfs {
public:
    faulty_vfs() : real_{sqlite3_vfs_find(nullptr)}, vfs_{*real_} {
        vfs_.zName = "faulty";
        vfs_.pAppData = this;
        vfs_.pNext = nullptr;
        vfs_.szOsFile = static_cast<int>(sizeof(file)) + real_->szOsFile;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~faulty_vfs() { sqlite3_vfs_unregister(&vfs_); }
    faulty_vfs(const faulty_vfs&) = delete;
    faulty_vfs& operator=(const faulty_vfs&) = delete;

    /// Makes `count` calls of one kind fail, starting with the `at`-th one. `on_first` is called before the first of
    /// them, on the thread that makes it.
    void arm(file_call kind, int at, int count, disk_fault fault, std::function<void()> on_first) {
        calls_ = {};
        kind_ = kind;
        at_ = at;
        end_ = at + count;
        fault_ = fault;
        on_first_ = std::move(on_first);
    }
    void disarm() noexcept { at_ = end_ = 0; }

    /// The number of calls since arm().
    int calls(file_call kind) const noexcept { return calls_[static_cast<std::size_t>(kind)]; }

    /// Writes the contents that a power cut would leave in the files whose path begins with `path`, to paths that begin
    /// with `copy`.
    void save_synced(const std::string& path, const std::string& copy) {
        const std::lock_guard lock{mutex_};
        for (const auto& [name, content] : synced_) {
            if (!name.starts_with(path)) continue;
            std::ofstream{copy + name.substr(path.size()), std::ios::binary}.write(
                content.data(), static_cast<std::streamsize>(content.size()));
        }
    }

private:
    struct file {
        sqlite3_file base;
        faulty_vfs* owner;
        const char* path;  // kept by SQLite as long as the file is open; null: a temporary file
        sqlite3_file* real;
    };

    static file& of(sqlite3_file* opened) noexcept { return *reinterpret_cast<file*>(opened); }
    static sqlite3_file* real(sqlite3_file* opened) noexcept { return of(opened).real; }
    static const sqlite3_io_methods& methods(sqlite3_file* opened) noexcept { return *real(opened)->pMethods; }

    /// Whether this call is to fail. If the fault is only a delay, it waits here.
    bool goes_wrong(file_call kind) {
        const int call = ++calls_[static_cast<std::size_t>(kind)];
        if (kind != kind_ || call < at_ || call >= end_) return false;
        if (call == at_ && on_first_) on_first_();
        if (fault_ != disk_fault::delay) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
        return false;
    }
    int error(int otherwise) const noexcept { return fault_ == disk_fault::full ? SQLITE_FULL : otherwise; }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* opened, int flags, int* flags_out) {
        auto* const self = static_cast<faulty_vfs*>(vfs->pAppData);
        file& made = *new (opened) file{{nullptr}, self, name, reinterpret_cast<sqlite3_file*>(&of(opened) + 1)};
        if (self->goes_wrong(file_call::open)) return self->error(SQLITE_CANTOPEN);
        const int result = self->real_->xOpen(self->real_, name, made.real, flags, flags_out);
        if (result == SQLITE_OK) made.base.pMethods = &io_methods;
        return result;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
        auto* const self = static_cast<faulty_vfs*>(vfs->pAppData);
        {
            const std::lock_guard lock{self->mutex_};
            self->synced_.erase(name);
        }
        return self->real_->xDelete(self->real_, name, sync_directory);
    }
    static int close(sqlite3_file* opened) { return methods(opened).xClose(real(opened)); }
    static int read(sqlite3_file* opened, void* to, int size, sqlite3_int64 at) {
        return methods(opened).xRead(real(opened), to, size, at);
    }
    static int write(sqlite3_file* opened, const void* from, int size, sqlite3_int64 at) {
        faulty_vfs& self = *of(opened).owner;
        if (!self.goes_wrong(file_call::write)) return methods(opened).xWrite(real(opened), from, size, at);
        if (self.fault_ == disk_fault::short_write) methods(opened).xWrite(real(opened), from, size / 2, at);
        return self.error(SQLITE_IOERR_WRITE);
    }
    static int truncate(sqlite3_file* opened, sqlite3_int64 size) {
        faulty_vfs& self = *of(opened).owner;
        if (self.goes_wrong(file_call::truncate)) return self.error(SQLITE_IOERR_TRUNCATE);
        return methods(opened).xTruncate(real(opened), size);
    }
    static int sync(sqlite3_file* opened, int) {
        faulty_vfs& self = *of(opened).owner;
        if (self.goes_wrong(file_call::sync)) return self.error(SQLITE_IOERR_FSYNC);
        if (of(opened).path == nullptr) return SQLITE_OK;
        sqlite3_int64 size = 0;
        methods(opened).xFileSize(real(opened), &size);
        std::vector<char> content(static_cast<std::size_t>(size));
        const int result = methods(opened).xRead(real(opened), content.data(), static_cast<int>(size), 0);
        const std::lock_guard lock{self.mutex_};
        self.synced_[of(opened).path] = std::move(content);
        return result;
    }
    static int file_size(sqlite3_file* opened, sqlite3_int64* size) {
        return methods(opened).xFileSize(real(opened), size);
    }
    static int lock(sqlite3_file* opened, int level) { return methods(opened).xLock(real(opened), level); }
    static int unlock(sqlite3_file* opened, int level) { return methods(opened).xUnlock(real(opened), level); }
    static int check_reserved_lock(sqlite3_file* opened, int* is_locked) {
        return methods(opened).xCheckReservedLock(real(opened), is_locked);
    }
    static int control(sqlite3_file* opened, int operation, void* argument) {
        return methods(opened).xFileControl(real(opened), operation, argument);
    }
    static int sector_size(sqlite3_file* opened) { return methods(opened).xSectorSize(real(opened)); }
    static int characteristics(sqlite3_file* opened) { return methods(opened).xDeviceCharacteristics(real(opened)); }
    static int shm_map(sqlite3_file* opened, int page, int size, int extend, void volatile** mapped) {
        faulty_vfs& self = *of(opened).owner;
        if (self.goes_wrong(file_call::shm_map)) return self.error(SQLITE_IOERR_SHMMAP);
        return methods(opened).xShmMap(real(opened), page, size, extend, mapped);
    }
    static int shm_lock(sqlite3_file* opened, int offset, int count, int flags) {
        return methods(opened).xShmLock(real(opened), offset, count, flags);
    }
    static void shm_barrier(sqlite3_file* opened) { methods(opened).xShmBarrier(real(opened)); }
    static int shm_unmap(sqlite3_file* opened, int removes) { return methods(opened).xShmUnmap(real(opened), removes); }

    static constexpr sqlite3_io_methods io_methods{2,
                                                   close,
                                                   read,
                                                   write,
                                                   truncate,
                                                   sync,
                                                   file_size,
                                                   lock,
                                                   unlock,
                                                   check_reserved_lock,
                                                   control,
                                                   sector_size,
                                                   characteristics,
                                                   shm_map,
                                                   shm_lock,
                                                   shm_barrier,
                                                   shm_unmap,
                                                   nullptr,
                                                   nullptr};

    sqlite3_vfs* real_;
    sqlite3_vfs vfs_;
    std::array<int, file_calls> calls_{};
    file_call kind_{};
    int at_ = 0;
    int end_ = 0;
    disk_fault fault_{};
    std::function<void()> on_first_;
    std::mutex mutex_;
    std::map<std::string, std::vector<char>> synced_;
};

}  // namespace peering::testing
