#include "tests/support/postgres_server.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/shm.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <libpq-fe.h>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

namespace support {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto patience = 60s;
constexpr auto poll_interval = 2ms;

[[noreturn]] void throw_errno(const std::string& what) {
    throw std::system_error{errno, std::generic_category(), what};
}

/// The directory of initdb and postgres: the newest of Debian's versions, or empty to use PATH.
fs::path program_directory() {
    int newest = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{"/usr/lib/postgresql", error}) {
        const std::string name = entry.path().filename();
        int version = 0;
        std::from_chars(name.data(), name.data() + name.size(), version);
        if (fs::exists(entry.path() / "bin/initdb")) newest = std::max(newest, version);
    }
    return newest == 0 ? fs::path{} : fs::path{"/usr/lib/postgresql"} / std::to_string(newest) / "bin";
}

bool is_root() {
    return ::geteuid() == 0;
}

/// The command line that runs a PostgreSQL program as a user that it accepts.
std::vector<std::string> as_server_user(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<std::string> all;
    if (is_root()) all = {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"};
    all.push_back(program_directory() / program);
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

void give_to_server_user(const fs::path& path) {
    if (!is_root()) return;
    const passwd* const user = ::getpwnam("postgres");
    if (user == nullptr) throw std::runtime_error{"no user postgres: is PostgreSQL installed?"};
    if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) throw_errno("chown " + path.string());
}

void run(std::vector<std::string> arguments, const fs::path& output) {
    const std::string program = arguments.front();
    command command;
    command.arguments = std::move(arguments);
    command.output = output;
    child_process process{std::move(command)};
    if (process.wait(patience) != 0) throw std::runtime_error{program + " failed: " + process.output()};
}

std::string read_file(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

void write_file(const fs::path& path, const std::string& text) {
    std::ofstream{path} << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    give_to_server_user(path);
}

/// Held while the template is made, since CTest runs many programs at once.
class template_lock {
public:
    explicit template_lock(const fs::path& path)
        : descriptor_{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {
        if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX) != 0) throw_errno("cannot lock " + path.string());
    }
    ~template_lock() { ::close(descriptor_); }
    template_lock(const template_lock&) = delete;
    template_lock& operator=(const template_lock&) = delete;

private:
    int descriptor_;
};

using connection = std::unique_ptr<PGconn, void (*)(PGconn*)>;
using result = std::unique_ptr<PGresult, decltype(&PQclear)>;

connection connect(const std::string& url) {
    connection made{PQconnectdb(url.c_str()), &PQfinish};
    if (PQstatus(made.get()) != CONNECTION_OK) throw std::runtime_error{PQerrorMessage(made.get())};
    PQsetNoticeProcessor(made.get(), [](void*, const char*) {}, nullptr);
    return made;
}

result query(const connection& connection, const std::string& sql) {
    result answer{PQexec(connection.get(), sql.c_str()), &PQclear};
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        throw std::runtime_error{sql + ": " + PQerrorMessage(connection.get())};
    }
    return answer;
}

// Waits for SIGTERM, which arrives when the test process dies in any way or has stopped the server itself. The server's
// processes are those that work in its data directory, as all of them do from their start.
constexpr const char* guardian_script = R"sh(
trap : TERM
sleep infinity &
wait
kill $!
tries=0
while [ $tries -lt 100 ]; do
    found=$(find /proc/[0-9]*/cwd -prune -lname "$1/data" 2>/dev/null | cut -d / -f 3)
    [ -n "$found" ] || break
    kill -KILL $found
    tries=$((tries + 1))
done
segment=$(sed -n '7s/.* //p' "$1/data/postmaster.pid") && [ -n "$segment" ] && ipcrm -m "$segment"
rm -rf -- "$1"
)sh";

child_process start_guardian(const fs::path& directory) {
    command command;
    command.arguments = {"sh", "-c", guardian_script, "guardian", directory};
    command.output = "/dev/null";
    command.end_signal = SIGTERM;
    return child_process{std::move(command)};
}

}  // namespace

postgres_server::postgres_server(postgres_options options) : options_{std::move(options)}, directory_{options_.parent} {
    if (options_.tls) options_.tcp = true;
    guardian_ = start_guardian(directory_.path());
    give_to_server_user(directory_.path());
    if (options_.standby_of != nullptr) {
        copy_from(*options_.standby_of);
    } else {
        run({"cp", "-a", "--reflink=auto", template_directory(), data()}, directory_.path() / "cp.log");
    }
    write_access_rules();
    if (options_.tls) make_certificate();
    if (!options_.tcp) {
        start();
        return;
    }
    // Another program may take the port before the server does.
    for (int tries_left = 5;; --tries_left) {
        port_ = free_port();
        try {
            start();
            return;
        } catch (const std::runtime_error& error) {
            if (tries_left == 0 || !std::string_view{error.what()}.contains("could not bind")) throw;
        }
    }
}

postgres_server::postgres_server(making_template) {
    guardian_ = start_guardian(directory_.path());
    give_to_server_user(directory_.path());
    run(as_server_user("initdb", {"--pgdata", data(), "--username=postgres", "--auth=trust", "--encoding=UTF8",
                                  "--locale=C", "--wal-segsize=1", "--no-sync", "--no-instructions"}),
        directory_.path() / "initdb.log");
    start();
    auto first_connection = connect("postgresql://postgres@/postgres?host=" + directory_.path().string());
    query(first_connection, std::string{"CREATE ROLE ilpd LOGIN PASSWORD '"} + password + "'");
    query(first_connection, "CREATE DATABASE ilpd OWNER ilpd");
    first_connection.reset();
    // Nobody creates further databases from the templates, and each takes as much space as a real database.
    execute("UPDATE pg_database SET datistemplate = false");
    for (const char* database : {"postgres", "template0", "template1"}) {
        execute(std::string{"DROP DATABASE "} + database);
    }
    stop();
}

postgres_server::~postgres_server() {
    try {
        if (server_) {
            resume();
            stop(stop_mode::immediate);
        }
        forget_shared_memory();
    } catch (const std::exception&) {
        // The guardian removes what is left.
    }
}

/// The template is made once per build directory: initdb takes seconds, a copy does not.
fs::path postgres_server::template_directory() {
    const fs::path made = fs::path{ILPD_BINARY_DIR} / "postgres-template";
    const template_lock lock{made.string() + ".lock"};
    const fs::path complete = made / "complete";
    if (fs::exists(complete)) return made / "data";
    fs::remove_all(made);
    fs::create_directories(made);
    const postgres_server first{making_template{}};
    run({"cp", "-a", first.data(), made / "data"}, first.directory_.path() / "cp.log");
    std::ofstream{complete} << program_directory().string() << '\n';
    return made / "data";
}

void postgres_server::write_access_rules() const {
    const std::string method = options_.password ? "scram-sha-256" : "trust";
    write_file(data() / "pg_hba.conf",
               "local all postgres trust\n"
               "local replication postgres trust\n"
               "local all all " +
                   method + "\n" + (options_.tls ? "hostssl" : "host") + " all ilpd 127.0.0.1/32 " + method + "\n");
}

void postgres_server::copy_from(const postgres_server& primary) const {
    run(as_server_user("pg_basebackup", {"--pgdata", data(), "--wal-method=stream", "--checkpoint=fast", "--no-sync",
                                         "--write-recovery-conf", "--dbname",
                                         "user=postgres host=" + primary.directory_.path().string() + " port=" +
                                             std::to_string(primary.port_) + " application_name=" + standby_name}),
        directory_.path() / "pg_basebackup.log");
}

void postgres_server::make_certificate() const {
    const fs::path key = directory_.path() / "server.key";
    run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out",
         certificate()},
        directory_.path() / "openssl.log");
    give_to_server_user(key);
    give_to_server_user(certificate());
}

std::string postgres_server::url() const {
    return "postgresql://ilpd@:" + std::to_string(port_) + "/ilpd?host=" + directory_.path().string();
}

std::string postgres_server::tcp_url() const {
    if (!options_.tcp) throw std::logic_error{"this server has no TCP port"};
    return "postgresql://ilpd@127.0.0.1:" + std::to_string(port_) + "/ilpd";
}

std::string postgres_server::admin_url() const {
    return "postgresql://postgres@:" + std::to_string(port_) + "/ilpd?host=" + directory_.path().string();
}

void postgres_server::start() {
    const auto on_off = [](bool on) { return std::string{on ? "on" : "off"}; };
    std::vector<std::string> arguments{"-D", data()};
    const auto set = [&arguments](const std::string& name, const std::string& value) {
        arguments.push_back("-c");
        arguments.push_back(name + "=" + value);
    };
    set("port", std::to_string(port_));
    set("listen_addresses", options_.tcp ? "127.0.0.1" : "");
    set("unix_socket_directories", directory_.path());
    set("fsync", on_off(options_.fsync));
    set("shared_buffers", "4MB");
    set("max_connections", "20");
    set("dynamic_shared_memory_type", "mmap");  // kept inside the data directory, so that it is removed with it
    set("autovacuum", "off");
    set("log_statement", "none");
    set("logging_collector", "off");
    if (options_.tls) {
        set("ssl", "on");
        set("ssl_cert_file", certificate());
        set("ssl_key_file", directory_.path() / "server.key");
    }
    for (const auto& [name, value] : options_.settings) set(name, value);

    command command;
    command.arguments = as_server_user("postgres", arguments);
    command.output = directory_.path() / "server.log";
    command.end_signal = SIGQUIT;
    server_.emplace(std::move(command));
    const auto deadline = clock::now() + patience;
    // The database ilpd may not exist yet, but the server answers anyway.
    while (PQping(admin_url().c_str()) != PQPING_OK) {
        if (!server_->running()) {
            server_.reset();
            throw std::runtime_error{"postgres ended at once: " + log()};
        }
        if (clock::now() > deadline) throw std::runtime_error{"postgres does not become ready: " + log()};
        std::this_thread::sleep_for(poll_interval);
    }
}

void postgres_server::stop(stop_mode mode) {
    if (!server_) return;
    server_->signal(mode == stop_mode::fast ? SIGINT : SIGQUIT);
    if (!server_->wait(patience)) throw std::runtime_error{"postgres does not stop: " + log()};
    server_.reset();
}

void postgres_server::kill9() {
    if (!server_) return;
    server_->signal(SIGSTOP);  // so that it starts no more processes
    const auto deadline = clock::now() + patience;
    for (auto left = processes(); !left.empty(); left = processes()) {
        for (const pid_t process : left) ::kill(process, SIGKILL);
        if (clock::now() > deadline) throw std::runtime_error{"postgres does not die"};
        std::this_thread::sleep_for(poll_interval);
    }
    server_->signal(SIGKILL);
    server_.reset();
    forget_shared_memory();
}

void postgres_server::pause() {
    if (!server_) return;
    server_->signal(SIGSTOP);
    for (const pid_t process : processes()) ::kill(process, SIGSTOP);
}

void postgres_server::resume() {
    for (const pid_t process : processes()) ::kill(process, SIGCONT);
}

void postgres_server::promote() const {
    if (value("SELECT pg_promote()") != "t") throw std::runtime_error{"the standby is not promoted: " + log()};
}

std::vector<pid_t> postgres_server::processes() const {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        pid_t process = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
        if (error != std::errc{} || end != name.data() + name.size()) continue;
        std::error_code unreadable;
        if (fs::read_symlink(entry.path() / "cwd", unreadable) == data()) found.push_back(process);
    }
    return found;
}

/// A killed server leaves a small System V segment behind, and a system has a limited number of them. Its id is in a
/// file that a killed server leaves behind as well.
void postgres_server::forget_shared_memory() const {
    std::ifstream file{data() / "postmaster.pid"};
    std::string line;
    for (int i = 0; i < 7; ++i) {
        if (!std::getline(file, line)) return;
    }
    std::istringstream fields{line};
    unsigned long key = 0;
    int id = -1;
    if (fields >> key >> id) ::shmctl(id, IPC_RMID, nullptr);
}

void postgres_server::execute(const std::string& sql) const {
    {
        // CREATE DATABASE ... TEMPLATE fails if anybody else is connected to the database.
        const std::lock_guard lock{observer_mutex_};
        observer_.reset();
    }
    query(connect(admin_url()), sql);
}

std::vector<std::vector<std::string>> postgres_server::rows(const std::string& sql) const {
    const std::lock_guard lock{observer_mutex_};
    // An earlier call's session may have ended with its server.
    if (observer_) PQclear(PQexec(observer_.get(), ""));
    if (PQstatus(observer_.get()) != CONNECTION_OK) observer_ = connect(admin_url());
    const result answer = query(observer_, sql);
    std::vector<std::vector<std::string>> found;
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
        auto& columns = found.emplace_back();
        for (int i = 0; i < PQnfields(answer.get()); ++i) columns.emplace_back(PQgetvalue(answer.get(), row, i));
    }
    return found;
}

std::string postgres_server::value(const std::string& sql) const {
    return rows(sql).at(0).at(0);
}

void postgres_server::wait_for(const std::string& sql, const std::string& expected,
                               std::chrono::milliseconds at_most) const {
    const auto deadline = clock::now() + at_most;
    const auto try_value = [&] {
        try {
            return value(sql);
        } catch (const std::runtime_error& error) {
            return std::string{error.what()};
        }
    };
    for (std::string last = try_value(); last != expected; last = try_value()) {
        if (clock::now() > deadline) throw std::runtime_error{sql + " stays at " + last};
        std::this_thread::sleep_for(poll_interval);
    }
}

std::string postgres_server::log() const {
    return read_file(directory_.path() / "server.log");
}

}  // namespace support
