#include "peering/store/postgres/postgres_connection.hpp"

#include "peering/store/postgres/postgres_url.hpp"

#include <poll.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace peering {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::string_view white_space = " \t\r\n";

/// Joins the lines of a libpq message.
std::string one_line(std::string_view text) {
    std::string line;
    for (;;) {
        const std::size_t begin = text.find_first_not_of(white_space);
        if (begin == std::string_view::npos) return line;
        const std::size_t end = text.find_first_of(white_space, begin);
        if (!line.empty()) line += ' ';
        line += text.substr(begin, end - begin);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    }
}

std::string_view field(const PGresult* message, int code) noexcept {
    const char* const text = PQresultErrorField(message, code);
    return text != nullptr ? std::string_view{text} : std::string_view{};
}

postgres_failure refusal(const PGresult* result) {
    const std::string sqlstate{field(result, PG_DIAG_SQLSTATE)};
    if (sqlstate.empty()) return {one_line(PQresultErrorMessage(result))};  // an error from libpq itself
    const std::string_view severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return {.message = fmt::format("{} (SQLSTATE {})", one_line(field(result, PG_DIAG_MESSAGE_PRIMARY)), sqlstate),
            .sqlstate = sqlstate,
            .ends_session = severity == "FATAL" || severity == "PANIC"};
}

bool is_refusal(const PGresult* result) noexcept {
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/// The value of connect_timeout, which libpq does not enforce when the caller does the waiting.
std::chrono::milliseconds connect_time(const postgres_url& url) {
    const std::string_view digits = url.value_of("connect_timeout");
    int seconds = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (seconds > 0) return std::chrono::seconds{seconds};
    return postgres_connection::connect_time_max;
}

}  // namespace

std::string_view postgres_result::text(int row, int column) const noexcept {
    return {PQgetvalue(handle_.get(), row, column), static_cast<std::size_t>(PQgetlength(handle_.get(), row, column))};
}

std::int64_t postgres_result::integer(int row, int column) const {
    const std::string_view digits = text(row, column);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        throw postgres_failure{fmt::format("'{}' is not an integer", digits)};
    }
    return value;
}

ilp::bytes postgres_result::octets(int row, int column) const {
    std::size_t size = 0;
    const auto* const written = reinterpret_cast<const unsigned char*>(PQgetvalue(handle_.get(), row, column));
    unsigned char* const read = PQunescapeBytea(written, &size);
    if (read == nullptr) throw postgres_failure{"there is no memory for a value"};
    const ilp::bytes octets{read, read + size};
    PQfreemem(read);
    return octets;
}

postgres_connection::postgres_connection(const postgres_url& url) {
    std::string refusals;
    for (const postgres_url& host : url.each_host()) {
        try {
            connect(host);
            return;
        } catch (const postgres_failure& failure) {
            if (!refusals.empty()) refusals += "; ";
            refusals += failure.message;
        }
    }
    throw postgres_failure{refusals};
}

void postgres_connection::connect(const postgres_url& url) {
    // If a keyword occurs twice, libpq takes the last value. So our preferences precede the parameters of the URL, and
    // our requirements follow them.
    std::vector<const char*> keywords{"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"};
    std::vector<const char*> values{"10", "5", "3", "10000"};
    for (const auto& [keyword, value] : url.parameters()) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.insert(keywords.end(), {"fallback_application_name", "client_encoding", nullptr});
    values.insert(values.end(), {"ilpd", "UTF8", nullptr});
    handle_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!handle_) throw postgres_failure{"out of memory"};
    PQsetNoticeReceiver(handle_.get(), note, notices_.get());  // otherwise notices go to stderr

    const auto at_most = connect_time(url);
    const auto deadline = clock::now() + at_most;
    PostgresPollingStatusType wanted = is_lost() ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
        if (wanted == PGRES_POLLING_FAILED) throw_lost();
        if (!wait(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
            throw postgres_failure{fmt::format("the server did not respond within {} ms", at_most.count())};
        }
        wanted = PQconnectPoll(handle_.get());
    }
    if (PQsetnonblocking(handle_.get(), 1) != 0) throw_lost();
}

/// `reason` is the last error that the server reported.
void postgres_connection::throw_lost(const std::optional<postgres_failure>& reason) const {
    if (reason) throw postgres_failure{reason->message};
    const std::string message = one_line(PQerrorMessage(handle_.get()));
    throw postgres_failure{message.empty() ? "the connection to the server was lost" : message};
}

/// The name of the function is the only part of this warning that is not translated and means nothing else.
void postgres_connection::note(void* to, const PGresult* notice) {
    if (field(notice, PG_DIAG_SOURCE_FUNCTION) == "SyncRepWaitForLSN")
        static_cast<notices*>(to)->wait_was_cancelled = true;
}

void postgres_connection::must_be_confirmed() const {
    if (!notices_->wait_was_cancelled) return;
    throw postgres_failure{"the server's wait for its synchronous standby was cancelled"};
}

void postgres_connection::must_be_queued(int accepted) const {
    if (accepted == 0) throw_lost();
}

/// Returns false if the deadline has passed.
bool postgres_connection::wait(short events, clock::time_point deadline) const {
    pollfd socket{PQsocket(handle_.get()), events, 0};
    if (socket.fd < 0) throw_lost();
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        const int ready = ::poll(&socket, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) throw postgres_failure{fmt::format("poll: {}", std::generic_category().message(errno))};
    }
}

/// Returns null at the end of a statement's results, as PQgetResult() does.
PGresult* postgres_connection::next_result(std::chrono::milliseconds silence) {
    auto deadline = clock::now() + silence;
    for (;;) {
        const int unsent = PQflush(handle_.get());
        if (PQisBusy(handle_.get()) == 0) return PQgetResult(handle_.get());
        if (!wait(static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), deadline)) {
            throw postgres_failure{fmt::format("the server has not responded for {} ms", silence.count())};
        }
        if (PQconsumeInput(handle_.get()) == 0) {
            if (PGresult* const said = PQgetResult(handle_.get())) return said;  // may say why it closed
            throw_lost();
        }
        deadline = clock::now() + silence;
    }
}

postgres_result postgres_connection::last_result(std::chrono::milliseconds silence) {
    postgres_result last{nullptr};
    std::optional<postgres_failure> refused;
    while (PGresult* const next = next_result(silence)) {
        last = postgres_result{next};
        if (is_refusal(next) && !refused) refused = refusal(next);
        if (is_lost()) break;
    }
    if (is_lost() || (refused && refused->ends_session)) throw_lost(refused);
    must_be_confirmed();
    if (refused) throw *std::move(refused);
    return last;
}

postgres_result postgres_connection::run(const std::string& script, std::chrono::milliseconds silence) {
    must_be_queued(PQsendQuery(handle_.get(), script.c_str()));
    return last_result(silence);
}

postgres_result postgres_connection::query(const char* sql, std::initializer_list<const char*> values) {
    must_be_queued(PQsendQueryParams(handle_.get(), sql, static_cast<int>(values.size()), nullptr, values.begin(),
                                     nullptr, nullptr, 0));
    return last_result(silence_max);
}

void postgres_connection::start_pipeline() {
    must_be_queued(PQenterPipelineMode(handle_.get()));
    queued_ = 0;
}

void postgres_connection::prepare(const char* name, const char* sql) {
    must_be_queued(PQsendPrepare(handle_.get(), name, sql, 0, nullptr));
    ++queued_;
}

void postgres_connection::execute(const char* name, std::initializer_list<const char*> values) {
    must_be_queued(
        PQsendQueryPrepared(handle_.get(), name, static_cast<int>(values.size()), values.begin(), nullptr, nullptr, 0));
    ++queued_;
}

void postgres_connection::finish_pipeline(std::chrono::milliseconds silence) {
    must_be_queued(PQpipelineSync(handle_.get()));
    std::optional<postgres_failure> refused;
    for (std::size_t statement = 0;;) {
        PGresult* const next = next_result(silence);
        const postgres_result result{next};
        const ExecStatusType status = PQresultStatus(next);
        if (next != nullptr && is_refusal(next)) {
            postgres_failure said = refusal(next);
            said.statement = statement;
            // It ends the session whatever it refused, and its reason explains more than an earlier refusal.
            if (said.ends_session) throw_lost(said);
            if (!refused) refused = std::move(said);
        }
        if (is_lost()) throw_lost(refused);
        if (status == PGRES_PIPELINE_SYNC) break;
        if (next == nullptr && ++statement > queued_) {
            throw postgres_failure{"the server's responses do not match the statements"};
        }
    }
    if (PQexitPipelineMode(handle_.get()) == 0) throw_lost();
    must_be_confirmed();
    if (refused) throw *std::move(refused);
}

}  // namespace peering
