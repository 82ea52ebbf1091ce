#include "connector/daemon/exposure.hpp"

#include "tests/support/child_process.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace exposure_test {

namespace {

struct place {
    support::temporary_directory directory{};
    std::string file = directory.path() / "ilpd.yaml";
    std::string database = directory.path() / "ilpd.db";
    config::settings settings{};

    place() {
        std::ofstream{file} << "x";
        std::ofstream{database} << "x";
        settings.has_literal_secret = true;
        settings.store.url = "sqlite:" + database;
        set_modes(0600, 0600);
    }
    void set_modes(mode_t of_file, mode_t of_database) const {
        ::chmod(file.c_str(), of_file);
        ::chmod(database.c_str(), of_database);
    }
    bool warns_of(const std::string& text) const {
        return std::ranges::any_of(connector::exposures(file, settings),
                                   [&](const std::string& warning) { return warning.contains(text); });
    }
};

}  // namespace

TEST_CASE("exposure: a configuration file with tokens that others can read") {
    place p;
    CHECK_FALSE(p.warns_of(p.file));
    p.set_modes(0640, 0600);
    CHECK_FALSE(p.warns_of(p.file));
    p.set_modes(0644, 0600);
    CHECK(p.warns_of(p.file));
    CHECK(p.warns_of("mode 0644"));
    p.settings.has_literal_secret = false;
    CHECK_FALSE(p.warns_of(p.file));
}

TEST_CASE("exposure: listeners with secrets that others can reach without TLS") {
    place p;
    for (auto* const listener : {&p.settings.connector.listen, &p.settings.admin.listen, &p.settings.metrics.listen,
                                 &p.settings.auto_peering.listen})
        *listener = {"127.0.0.1", 1};
    CHECK_FALSE(p.warns_of("plain HTTP"));
    p.settings.metrics.listen.host = "0.0.0.0";
    p.settings.auto_peering.listen.host = "0.0.0.0";
    CHECK_FALSE(p.warns_of("plain HTTP"));  // nothing is secret there, or nothing listens there
    p.settings.auto_peering.enabled = true;
    CHECK(p.warns_of("auto_peering.listen: "));
    p.settings.connector.listen.host = "192.0.2.1";
    CHECK(p.warns_of("connector.listen: "));
    p.settings.admin.listen.host = "::";
    CHECK(p.warns_of("admin.listen: "));
    p.settings.admin.certificate_file = config::file_path{"admin.crt"};
    p.settings.connector.certificate_file = config::file_path{"node.crt"};
    p.settings.auto_peering.certificate_file = config::file_path{"node.crt"};
    CHECK_FALSE(p.warns_of("plain HTTP"));
}

TEST_CASE("exposure: a database that others can read or write") {
    place p;
    for (const mode_t open : {0604U, 0602U, 0666U}) {
        p.set_modes(0600, open);
        CHECK(p.warns_of(p.database));
    }
    p.set_modes(0600, 0660);
    CHECK_FALSE(p.warns_of(p.database));
    p.set_modes(0600, 0666);
    p.settings.store.url = "memory:";
    CHECK_FALSE(p.warns_of(p.database));
}

TEST_CASE("exposure: a daemon that runs as root") {
    CHECK(place{}.warns_of("running as root") == (::geteuid() == 0));
}

}  // namespace exposure_test
