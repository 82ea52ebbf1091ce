#include "config/schema.hpp"

#include "tests/unit/config/support.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

namespace schema_test {

using config_test::load;

namespace {

constexpr auto every_setting = R"yaml(ilp_address: "test.alice"
connector:
  listen: "[::1]:3003"
  certificate_file: "/tls/packets.pem"
  key_file: "/tls/packets \"é\".key"
  client_certificate_file: "/tls/client.pem"
  client_key_file: "/tls/client.key"
  callback_url: "https://alice.example/ilp"
  workers: 2
  min_expiration_window: 500ms
  max_hold_time: 20s
  max_packets_in_flight: 10
  max_connections: 11
  max_buffer_memory: 2000000
  request_timeout: 5s
  idle_timeout: 2m
  shutdown_grace: 3s
  max_connection_age: 30s
  echo_max_amount: 18446744073709551615
admin:
  listen: "127.0.0.2:3011"
  certificate_file: "/tls/admin.pem"
  key_file: "/tls/admin.key"
  api_secret: "(hidden)"
  tenant_id: "10000000-0000-4000-8000-00000000000a"
  hosts:
    - "ilpd.internal"
    - "fd00::1"
  console: false
metrics:
  listen: "0.0.0.0:9999"
  certificate_file: "/tls/metrics.pem"
  key_file: "/tls/metrics.key"
store:
  url: "sqlite:a \"b\" \\ $${X} é.db"
  startup_timeout: 7m
  lease_time: 90s
  standby: true
  instance_file: "/var/lib/ilpd/name"
webhooks:
  url: "http://127.0.0.1:8001/hook"
  ca_file: ")yaml" ILPD_SOURCE_DIR R"yaml(/tests/unit/config/certificate.pem"
  secret: "(hidden)"
  timeout: 2s
  max_retry: 3
  only_status_200: true
rates:
  url: "http://127.0.0.1:8000/rates?key"
  ca_file: ")yaml" ILPD_SOURCE_DIR R"yaml(/tests/unit/config/certificate.pem"
  lifetime: 20s
  grace: 2m
  timeout: 3s
  fixed:
    - base: "USD"
      quote: "EUR"
      rate: 0.813399
  spreads:
    - base: "EUR"
      quote: "USD"
      basis_points: 50
auto_peering:
  enabled: true
  listen: "[::]:3006"
  certificate_file: "/tls/auto.pem"
  key_file: "/tls/auto.key"
  connector_url: "http://alice.example/ilp"
  name: "Alice & Söhne"
  initial_liquidity: 1000
  max_packet_amount: 500
  max_peers: 20
  max_peers_per_address: 4
  unused_after: 2h
  further_assets:
    - "test.rafiki"
  request_rate: 3
  request_rate_per_address: 30
  allow_private_addresses: true
  allow_plain_http: true
spsp:
  enabled: true
  listen: "0.0.0.0:3007"
  certificate_file: "/tls/spsp.pem"
  key_file: "/tls/spsp.key"
  allow_plain_http: true
  default_account: "alice"
  public_url: "https://alice.example/"
  request_rate: 20
  request_rate_per_address: 40
assets:
  - code: "USD"
    scale: 9
    initial_liquidity: 1
    liquidity_threshold: 2
  - code: "EUR"
    scale: 2
    initial_liquidity: 0
receiving:
  address_lifetime: 36h
  payment_idle_time: 20s
sending:
  allow_private_addresses: true
  ca_file: ")yaml" ILPD_SOURCE_DIR R"yaml(/tests/unit/config/certificate.pem"
accounts:
  - name: "alice"
    asset:
      code: "USD"
      scale: 9
    public_name: "Alice"
peers:
  - name: "bob"
    ilp_address: "test.bob"
    asset:
      code: "USD"
      scale: 9
    routes:
      - ""
      - "test.carol"
    max_packet_amount: 3
    split:
      max_total: 15
      max_parts: 1024
    max_in_flight_amount: 14
    max_hold_time: 4s
    spread: 25
    packet_rate: 4
    packet_burst: 5
    incoming_throughput: 6
    outgoing_throughput: 7
    return_to_source: true
    initial_liquidity: 8
    liquidity_threshold: 9
    http:
      incoming:
        auth_tokens:
          - "(hidden)"
        jwt_secrets:
          - "(hidden)"
        client_keys:
          - "00000000000000000000000000000000000000000000000000000000000000ff"
      outgoing:
        endpoint: "https://127.0.0.1:4002/ilp?x"
        auth_token: "(hidden)"
        ca_file: ")yaml" ILPD_SOURCE_DIR R"yaml(/tests/unit/config/certificate.pem"
        allow_plain_http: true
        protocol: http1
        mode: synchronous
        max_connections: 12
        max_waiting: 13
  - name: "carol"
    ilp_address: "test.carol.x"
    asset:
      code: "EUR"
      scale: 2
    routes: []
    packet_burst: 0
    return_to_source: false
    initial_liquidity: 0
    http:
      incoming:
        auth_tokens: []
        jwt_secrets: []
        client_keys: []
      outgoing:
        endpoint: "http://[::1]/"
        auth_token: "(hidden)"
        allow_plain_http: false
        protocol: auto
        mode: asynchronous
        max_connections: 256
        max_waiting: 1024
log:
  level: debug
  format: json
)yaml";

}  // namespace

TEST_CASE("Printed settings are read back as the same settings") {
    const auto loaded = load(every_setting);
    REQUIRE(loaded);
    CHECK(config::to_yaml(*loaded) == every_setting);
}

TEST_CASE("A former name of a setting is accepted, but not beside the present one") {
    const auto with = [](const std::string& terms) {
        return load("ilp_address: test.a\nassets:\n  - code: USD\n    scale: 9\n" + terms);
    };
    const auto loaded = with("    liquidity: 5\n");
    REQUIRE(loaded);
    CHECK(loaded->assets.at(0).liquidity.value == 5);
    CHECK(config::to_yaml(*loaded).find("    initial_liquidity: 5\n") != std::string::npos);
    const auto twice = with("    liquidity: 5\n    initial_liquidity: 6\n");
    REQUIRE_FALSE(twice);
    CHECK(twice.error().at(0).message == "is given twice: it is already in line 5");
}

TEST_CASE("Every setting of the file reaches its member") {
    const auto s = load(every_setting).value();
    CHECK(s.connector.listen == config::listen_address{"::1", 3003});
    CHECK(s.connector.certificate_file->text == "/tls/packets.pem");
    CHECK(s.connector.key_file->text == "/tls/packets \"é\".key");
    CHECK(s.connector.client_certificate_file->text == "/tls/client.pem");
    CHECK(s.connector.client_key_file->text == "/tls/client.key");
    CHECK(s.admin.certificate_file->text == "/tls/admin.pem");
    CHECK(s.admin.key_file->text == "/tls/admin.key");
    CHECK(s.metrics.certificate_file->text == "/tls/metrics.pem");
    CHECK(s.metrics.key_file->text == "/tls/metrics.key");
    CHECK(s.auto_peering.certificate_file->text == "/tls/auto.pem");
    CHECK(s.auto_peering.key_file->text == "/tls/auto.key");
    CHECK(s.webhooks.ca_file->pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    CHECK(s.rates.ca_file == s.webhooks.ca_file);
    CHECK(s.connector.workers == 2);
    CHECK(s.connector.min_expiration_window.count() == 500);
    CHECK(s.connector.max_hold_time.count() == 20'000);
    CHECK(s.connector.max_packets_in_flight == 10);
    CHECK(s.connector.max_connections == 11);
    CHECK(s.connector.max_buffer_memory == 2'000'000);
    CHECK(s.connector.request_timeout.count() == 5'000);
    CHECK(s.connector.idle_timeout.count() == 120'000);
    CHECK(s.connector.echo_max_amount == ilp::amount::max());
    CHECK(s.admin.listen == config::listen_address{"127.0.0.2", 3011});
    CHECK(s.admin.api_secret->reveal() == "(hidden)");
    CHECK(s.admin.tenant_id == "10000000-0000-4000-8000-00000000000a");
    CHECK(s.metrics.listen == config::listen_address{"0.0.0.0", 9999});
    CHECK(s.store.url == "sqlite:a \"b\" \\ ${X} é.db");
    CHECK(s.store.lease_time == std::chrono::seconds{90});
    CHECK(s.store.standby);
    CHECK(s.store.instance_file->text == "/var/lib/ilpd/name");
    CHECK(s.webhooks.url->port() == 8001);
    CHECK(s.webhooks.secret->reveal() == "(hidden)");
    CHECK(s.webhooks.timeout.count() == 2'000);
    CHECK(s.webhooks.max_retry == 3);
    CHECK(s.rates.url->target() == "/rates?key");
    CHECK(s.rates.lifetime.count() == 20'000);
    CHECK(s.rates.grace.count() == 120'000);
    CHECK(s.rates.timeout.count() == 3'000);
    CHECK(s.rates.fixed[0].base == "USD");
    CHECK(s.rates.fixed[0].quote == "EUR");
    CHECK(s.rates.fixed[0].rate == ilp::rate{813399, -6});
    CHECK(s.rates.spreads[0].base == "EUR");
    CHECK(s.rates.spreads[0].quote == "USD");
    CHECK(s.rates.spreads[0].basis_points == 50);
    CHECK(s.auto_peering.enabled);
    CHECK(s.auto_peering.listen == config::listen_address{"::", 3006});
    CHECK(s.auto_peering.connector_url->target() == "/ilp");
    CHECK(s.auto_peering.name.value() == "Alice & Söhne");
    CHECK(s.auto_peering.initial_liquidity.value == 1000);
    CHECK(s.auto_peering.max_packet_amount->value == 500);
    CHECK(s.auto_peering.max_peers == 20);
    CHECK(s.auto_peering.max_peers_per_address == 4);
    CHECK(s.auto_peering.unused_after == std::chrono::hours{2});
    CHECK(s.auto_peering.further_assets == std::vector{*ilp::address::parse("test.rafiki")});
    CHECK(s.auto_peering.request_rate == 3);
    CHECK(s.auto_peering.request_rate_per_address == 30);
    CHECK(s.admin.hosts == std::vector<std::string>{"ilpd.internal", "fd00::1"});
    CHECK_FALSE(s.admin.console);
    CHECK(s.auto_peering.allow_private_addresses);
    CHECK(s.auto_peering.allow_plain_http);
    CHECK(s.spsp.enabled);
    CHECK(s.spsp.listen == config::listen_address{"0.0.0.0", 3007});
    CHECK(s.spsp.certificate_file->text == "/tls/spsp.pem");
    CHECK(s.spsp.key_file->text == "/tls/spsp.key");
    CHECK(s.spsp.allow_plain_http);
    CHECK(s.spsp.default_account.value() == "alice");
    CHECK(s.spsp.public_url->url() == "https://alice.example/");
    CHECK(s.spsp.request_rate == 20);
    CHECK(s.spsp.request_rate_per_address == 40);
    CHECK(s.assets[0].liquidity.value == 1);
    CHECK(s.assets[0].liquidity_threshold->value == 2);
    CHECK(s.receiving.address_lifetime == std::chrono::hours{36});
    CHECK(s.receiving.payment_idle_time == std::chrono::seconds{20});
    CHECK(s.sending.allow_private_addresses);
    CHECK(s.sending.ca_file == s.webhooks.ca_file);
    CHECK(s.accounts.at(0).name == "alice");
    CHECK(s.accounts[0].asset == config::asset_reference{"USD", 9});
    CHECK(s.accounts[0].public_name == "Alice");
    CHECK_FALSE(s.assets[1].liquidity_threshold);
    const auto& bob = s.peers[0];
    CHECK(bob.routes == std::vector<std::string>{"", "test.carol"});
    CHECK(bob.max_packet_amount->value == 3);
    CHECK(bob.split.value() == config::split_settings{ilp::amount{15}, 1024});
    CHECK_FALSE(s.peers[1].split);
    CHECK(bob.max_in_flight_amount->value == 14);
    CHECK(bob.max_hold_time->count() == 4000);
    CHECK(bob.spread == 25);
    CHECK_FALSE(s.peers[1].spread);
    CHECK(bob.packet_rate == 4);
    CHECK(bob.packet_burst == 5);
    CHECK(bob.incoming_throughput->value == 6);
    CHECK(bob.outgoing_throughput->value == 7);
    CHECK(bob.return_to_source);
    CHECK(bob.liquidity.value == 8);
    CHECK(bob.liquidity_threshold->value == 9);
    CHECK(bob.http.outgoing.endpoint.target() == "/ilp?x");
    CHECK(bob.http.incoming.client_keys.at(0).back() == 0xff);
    CHECK(bob.http.outgoing.ca_file == s.webhooks.ca_file);
    CHECK(bob.http.outgoing.allow_plain_http);
    CHECK(bob.http.outgoing.protocol == config::http_protocol::http1);
    CHECK(bob.http.outgoing.mode == config::answer_mode::synchronous);
    CHECK(s.peers[1].http.outgoing.mode == config::answer_mode::asynchronous);
    CHECK(s.connector.callback_url->host() == "alice.example");
    CHECK(s.peers[1].http.outgoing.protocol == config::http_protocol::automatic);
    CHECK(bob.http.outgoing.max_connections == 12);
    CHECK(bob.http.outgoing.max_waiting == 13);
    CHECK(s.log.level == config::log_level::debug);
    CHECK(s.log.format == config::log_format::json);
}

TEST_CASE("Printed settings hide every secret") {
    auto s = load(every_setting).value();
    s.peers[0].http.incoming.auth_tokens = {config::secret{"s3cret-1"}, config::secret{"s3cret-2"}};
    s.peers[0].http.outgoing.auth_token = config::secret{"s3cret-3"};
    s.peers[0].http.incoming.jwt_secrets = {config::secret{"s3cret-6"}};
    s.peers[1].http.outgoing.jwt_secret = config::secret{"s3cret-7"};
    s.store.key = config::secret{"s3cret-8"};
    s.webhooks.secret = config::secret{"s3cret-4"};
    s.admin.api_secret = config::secret{"s3cret-5"};
    CHECK_FALSE(config::to_yaml(s).contains("s3cret"));
}

TEST_CASE("docs/operating/settings.md is the reference of these definitions") {
    auto file = std::ifstream{ILPD_SOURCE_DIR "/docs/operating/settings.md"};
    const auto committed = std::string{std::istreambuf_iterator<char>{file}, {}};
    INFO("regenerate it: ilpd --settings-reference > docs/operating/settings.md");
    const bool is_current = committed == config::reference_markdown();
    CHECK(is_current);
}

TEST_CASE("deploy/man/ilpd.yaml.5 is the manual page of these definitions") {
    auto file = std::ifstream{ILPD_SOURCE_DIR "/deploy/man/ilpd.yaml.5"};
    const auto committed = std::string{std::istreambuf_iterator<char>{file}, {}};
    INFO("regenerate it: ilpd --settings-manual-page > deploy/man/ilpd.yaml.5");
    const bool is_current = committed == config::reference_manual_page();
    CHECK(is_current);
}

TEST_CASE("The settings in which two files differ are named") {
    const auto loaded = load(every_setting);
    REQUIRE(loaded);
    auto other = *loaded;
    CHECK(config::differences(*loaded, other).empty());
    other.connector.workers = 7;
    other.admin.api_secret = config::secret{"another"};
    other.log.level = config::log_level::error;
    other.webhooks.url.reset();
    other.store.url = "memory:";
    other.metrics.key_file->text += "2";
    other.webhooks.ca_file->pem.clear();  // the file has another text now
    // A reload applies these.
    other.peers.clear();
    other.assets.clear();
    other.accounts.clear();
    other.rates.fixed.clear();
    CHECK(config::differences(*loaded, other) ==
          std::vector<std::string>{"connector.workers", "admin.api_secret", "metrics.key_file", "store.url",
                                   "webhooks.url", "webhooks.ca_file", "log.level"});
}

TEST_CASE("The reference names every setting that can be printed, and marks the secrets") {
    const auto reference = config::reference_markdown();
    for (const auto* key : {"ilp_address", "connector.idle_timeout", "admin.api_secret", "metrics.listen", "store.url",
                            "assets[].code", "peers[].asset.scale", "peers[].split", "peers[].split.max_parts",
                            "peers[].routes[]", "peers[].http.incoming.auth_tokens[]", "log.format"})
        CHECK(reference.contains("| `" + std::string{key} + "` | "));
    CHECK(reference.contains(
        "visible ASCII characters (secret) | required, unless `jwt_secret` is set | The bearer token that we present"));
}

}  // namespace schema_test
