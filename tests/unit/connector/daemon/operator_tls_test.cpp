#include "connector/daemon/operator_tls.hpp"

#include "tests/support/certificates.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace operator_tls_test {

using connector::operator_tls;

namespace {

struct files {
    support::certificate_folder folder{};
    support::authority authority{};

    template <class Section>
    void give(Section& section, const std::string& name, const support::certificate_wishes& wishes) const {
        const auto written = folder.write(name, authority.issue(wishes));
        section.certificate_file = config::file_path{written.certificate};
        section.key_file = config::file_path{written.key};
    }
};

}  // namespace

TEST_CASE("operators' TLS: without certificates, listeners speak plain HTTP, and calls trust the system") {
    const auto made = operator_tls::make({});
    REQUIRE(made);
    CHECK(made->admin == nullptr);
    CHECK(made->auto_peering == nullptr);
    CHECK(made->metrics == nullptr);
    CHECK(made->other_nodes != nullptr);
    CHECK(made->webhooks == made->other_nodes);
    CHECK(made->rates == made->other_nodes);
    CHECK(made->warnings().empty());
}

TEST_CASE("operators' TLS: each listener has its own certificate, and a call its own authorities") {
    const files f;
    config::settings settings;
    f.give(settings.admin, "admin", {.names = {"admin.example"}});
    f.give(settings.metrics, "metrics", {.names = {"metrics.example"}});
    f.give(settings.spsp, "spsp", {.names = {"spsp.example"}});
    settings.rates.ca_file = {"ca.crt", f.authority.certificate()};
    const auto made = operator_tls::make(settings);
    REQUIRE(made);
    CHECK(made->admin != nullptr);
    CHECK(made->metrics != nullptr);
    CHECK(made->admin != made->metrics);
    CHECK(made->spsp != nullptr);
    CHECK(made->expiries().size() == 3);
    CHECK(made->auto_peering == nullptr);
    CHECK(made->rates != made->other_nodes);
    CHECK(made->webhooks == made->other_nodes);
}

TEST_CASE("operators' TLS: a file with a fault is named, with its setting") {
    const files f;
    config::settings settings;
    f.give(settings.admin, "admin", {.names = {"admin.example"}});
    f.give(settings.auto_peering, "peering", {.names = {"peering.example"}});
    settings.auto_peering.key_file = settings.admin.key_file;
    const auto mixed = operator_tls::make(settings);
    REQUIRE(!mixed);
    CHECK(mixed.error().starts_with("auto_peering: "));
    CHECK(mixed.error().contains("peering.crt"));
    settings.auto_peering.key_file = config::file_path{f.folder.path() + "/missing.key"};
    const auto missing = operator_tls::make(settings);
    REQUIRE(!missing);
    CHECK(missing.error().contains("missing.key"));
}

TEST_CASE("operators' TLS: an expired certificate works and is reported") {
    const files f;
    config::settings settings;
    f.give(settings.metrics, "old",
           {.names = {"localhost"}, .valid_from = std::chrono::hours{-48}, .valid_until = std::chrono::hours{-24}});
    const auto made = operator_tls::make(settings);
    REQUIRE(made);
    REQUIRE(made->warnings().size() == 1);
    CHECK(made->warnings().front().starts_with("metrics: "));
    CHECK(made->warnings().front().contains("expired"));
}

}  // namespace operator_tls_test
