#include "tests/support/child_process.hpp"
#include "tests/unit/peering/store/scripted_run.hpp"
#include "tests/unit/peering/store/sqlite/faulty_vfs.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <optional>

namespace store_sqlite_faults_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

// One call from SQLite to the operating system fails in a short life of a daemon: each call in turn, in each way. The
// machine stops at that point, with or without its memory having reached the disk.

namespace {

struct disk_case {
    file_call call;
    disk_fault fault;
    int count;   // consecutive calls that fail
    int stride;  // only every `stride`-th call is tried, since those of one transaction are much alike
};

/// An operation that another program may perform at any time. It may fail.
void checkpoint(const std::string& path) {
    sqlite3* handle = nullptr;
    if (sqlite3_open(path.c_str(), &handle) == SQLITE_OK) {
        sqlite3_exec(handle, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
    }
    sqlite3_close(handle);
}

/// The contents of the disk when the fault occurred, and the steps reported as durable until then.
struct wreck {
    std::string path;
    int reported = -1;  // the last step; -1: the daemon had not started
};

void check_sound(const std::string& path) {
    CHECK(audit("sqlite:" + path).value().faults == std::vector<std::string>{});
    CHECK(reader{path}.value("PRAGMA integrity_check") == "ok");
}

void check_wreck(const wreck& wreck, const std::vector<store_picture>& expected) {
    CAPTURE(wreck.path, wreck.reported);
    const auto store = open_or_throw("sqlite:" + wreck.path);
    const store_picture found = picture_of(*store);
    const auto done = static_cast<std::size_t>(std::max(wreck.reported, 0));
    const bool is_behind = found == expected[done];
    const bool is_ahead = done + 1 < expected.size() && found == expected[done + 1];  // written but not reported
    const bool is_new = wreck.reported < 0 && found == store_picture{};
    CHECK((is_behind || is_ahead || is_new));
    check_sound(wreck.path);
    const scripted_run restarted{*store};
    CHECK(sums_are_zero(snapshot_of(restarted.accounts())));
}

class life_on_bad_disk {
public:
    explicit life_on_bad_disk(const std::vector<store_picture>& expected) : expected_{expected} {}

    /// False if there is no such call.
    bool run(const disk_case& wrong, int at) {
        vfs_.arm(wrong.call, at, wrong.count, wrong.fault, [this] { take_wrecks(); });
        // A daemon that cannot start is started again.
        while (!store_) {
            REQUIRE(++starts_ < 20);
            start();
        }
        reported_ = 0;
        REQUIRE(run_->run([this](int done) {
            reported_ = done;
            if (done % 4 == 0) checkpoint(path_);
        }));
        CHECK(run_->commits().stop(10s));
        CHECK(run_->commits().store_is_healthy());
        CHECK(agrees_with(run_->accounts(), expected_.back()));
        run_.reset();
        store_.reset();
        const bool happened = vfs_.calls(wrong.call) >= at;
        vfs_.disarm();
        CHECK(picture_of(*open_or_throw("sqlite:" + path_)) == expected_.back());
        check_sound(path_);
        CHECK(wrecks_.size() == (happened ? 2 : 0));
        for (const wreck& wreck : wrecks_) check_wreck(wreck, expected_);
        return happened;
    }

private:
    void start() {
        auto opened = open_store("sqlite:" + path_);
        if (!opened) return;
        store_ = std::move(*opened);
        try {
            run_.emplace(*store_);
        } catch (const std::exception&) {
            run_.reset();
            store_.reset();
        }
    }

    void take_wrecks() {
        const std::string killed = directory_.path() / "killed.db";
        for (const char* suffix : {"", "-wal", "-journal"}) {
            if (std::filesystem::exists(path_ + suffix)) std::filesystem::copy_file(path_ + suffix, killed + suffix);
        }
        const std::string power_cut = directory_.path() / "power_cut.db";
        vfs_.save_synced(path_, power_cut);
        wrecks_ = {{killed, reported_}, {power_cut, reported_}};
    }

    const std::vector<store_picture>& expected_;
    support::temporary_directory directory_;
    std::string path_ = directory_.path() / "ilpd.db";
    faulty_vfs vfs_;
    std::unique_ptr<store> store_;
    std::optional<scripted_run> run_;
    std::atomic<int> reported_ = -1;
    int starts_ = 0;
    std::vector<wreck> wrecks_;
};

}  // namespace

TEST_CASE("whatever the disk does to SQLite, everything reported durable is there exactly once") {
    const auto wrong = GENERATE(values<disk_case>({
        {file_call::write, disk_fault::full, 1, 1},
        {file_call::write, disk_fault::full, 2, 3},
        {file_call::write, disk_fault::error, 1, 3},
        {file_call::write, disk_fault::short_write, 1, 1},
        {file_call::write, disk_fault::delay, 1, 5},
        {file_call::sync, disk_fault::error, 1, 1},
        {file_call::sync, disk_fault::full, 2, 1},
        {file_call::sync, disk_fault::delay, 1, 1},
        {file_call::truncate, disk_fault::error, 1, 1},
        {file_call::shm_map, disk_fault::error, 1, 1},
        {file_call::shm_map, disk_fault::full, 3, 1},
        {file_call::open, disk_fault::error, 1, 1},
        {file_call::open, disk_fault::delay, 1, 1},
    }));
    CAPTURE(static_cast<int>(wrong.call), static_cast<int>(wrong.fault), wrong.count);
    std::vector<store_picture> expected;
    {
        support::temporary_directory directory;
        expected = undisturbed_run(*open_or_throw("sqlite:" + (directory.path() / "ilpd.db").string()));
    }
    int at = 1;
    for (;;) {
        CAPTURE(at);
        if (!life_on_bad_disk{expected}.run(wrong, at)) break;
        at += wrong.stride * slowness;
    }
    CHECK(at > 1);
}

}  // namespace store_sqlite_faults_test
