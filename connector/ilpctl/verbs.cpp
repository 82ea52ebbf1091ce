#include "connector/ilpctl/verbs.hpp"

#include "config/value.hpp"
#include "connector/ilpctl/failure.hpp"
#include "ilp/condition.hpp"
#include "ilp/hex.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace connector::ilpctl {

namespace json = boost::json;

namespace {

constexpr std::size_t file_size_max = 1024 * 1024;

/// The same id for the same verb and key. It is made as a UUID of version 5 is, from SHA-256, but the API requires
/// version 4.
std::string id_for_key(std::string_view verb, std::string_view key) {
    const auto text = fmt::format("ilpctl {}\n{}", verb, key);
    auto hash = ilp::sha256(ilp::as_bytes(text));
    hash[6] = static_cast<ilp::octet>((hash[6] & 0x0f) | 0x40);  // version
    hash[8] = static_cast<ilp::octet>((hash[8] & 0x3f) | 0x80);  // variant
    auto id = ilp::to_hex(hash).substr(0, 32);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, 1, '-');
    return id;
}

std::string read_all(std::istream& source, const std::string& name) {
    std::string text;
    bool is_read = false;
    try {
        text.resize(file_size_max + 1);
        source.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(source.gcount()));
        is_read = !source.bad();
    } catch (const std::ios_base::failure&) {
        is_read = false;  // a folder, for example
    }
    if (!is_read) throw failure{exit_status::usage, fmt::format("{}: cannot be read", name)};
    if (text.size() > file_size_max) throw failure{exit_status::usage, fmt::format("{}: larger than 1 MiB", name)};
    return text;
}

}  // namespace

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description) {
    return *parent.add_subcommand(name, description)->require_subcommand(1);
}

CLI::Option& add_text(CLI::App& verb, const std::string& name, optional_text& target, const std::string& type,
                      const std::string& description) {
    const auto store = [&target](const std::string& text) { target = text; };
    return *verb.add_option_function<std::string>(name, store, description)->type_name(type);
}

CLI::Option& add_required(CLI::App& verb, const std::string& name, std::string& target, const std::string& type,
                          const std::string& description) {
    return *verb.add_option(name, target, description)->type_name(type)->required();
}

CLI::Option& add_texts(CLI::App& verb, const std::string& name, std::vector<std::string>& target,
                       const std::string& type, const std::string& description) {
    return *verb.add_option(name, target, description)->type_name(type)->allow_extra_args(false);
}

void add_page_terms(CLI::App& verb, page_terms& terms, std::size_t limit) {
    terms.limit = limit;
    auto* number = verb.add_option("--limit", terms.limit, fmt::format("show at most N; {} by default", limit));
    number->type_name("N")->check(CLI::Range(1, 1'000'000'000));
    verb.add_flag("--all", terms.all, "show all")->excludes(number);
    add_text(verb, "--after", terms.after, "CURSOR", "begin after this entry; the end of a page says how");
}

void add_order(CLI::App& verb, list_terms& terms) {
    verb.add_flag("--oldest-first", terms.oldest_first, "list the oldest first instead of the newest");
}

void add_owner(CLI::App& verb, optional_text& owner, const std::string& description) {
    add_text(verb, "--owner", owner, "TENANT", description);
}

json::object list_variables(const list_terms& terms) {
    auto variables = json::object{{"sortOrder", terms.oldest_first ? "ASC" : "DESC"}};
    put_text(variables, "tenantId", terms.owner);
    return variables;
}

void add_amount(CLI::App& verb, const std::string& name, optional_amount& target, const std::string& description,
                clearing clearing) {
    target.option = name;
    auto& option = add_text(verb, name, target.text, "AMOUNT", description);
    if (clearing == clearing::yes)
        verb.add_flag("--no-" + name.substr(2), target.cleared, "clear this setting")->excludes(&option);
}

ilp::amount read_amount(const session& s, std::string_view what, std::string_view text, const asset_unit& unit) {
    const auto amount = parse_amount(text, unit, s.form);
    if (!amount) throw failure{exit_status::usage, fmt::format("{}: {}", what, amount.error())};
    return *amount;
}

void put_amount(const session& s, json::object& input, std::string_view name, const optional_amount& amount,
                const asset_unit& unit) {
    if (amount.cleared) input[name] = nullptr;
    if (amount.text) input[name] = to_string(read_amount(s, amount.option, *amount.text, unit));
}

void put_text(json::object& input, std::string_view name, const optional_text& text) {
    if (text) input[name] = *text;
}

json::array list_of(const std::vector<std::string>& texts) {
    auto list = json::array{};
    for (const std::string& text : texts) list.emplace_back(text);
    return list;
}

void add_duration(CLI::App& verb, const std::string& name, std::chrono::seconds& target, std::chrono::seconds max,
                  const std::string& description) {
    const auto read = [name, &target, max](const std::string& text) {
        auto type = config::duration(std::chrono::seconds{1}, max);
        type.expected += ", in whole seconds";
        type.parse = [any = type.parse](std::string_view written) {
            auto value = any(written);
            if (value && value->count() % 1000 != 0) value = std::unexpected{std::string{}};
            return value;
        };
        target = std::chrono::floor<std::chrono::seconds>(read_option(name, type, text));
    };
    verb.add_option_function<std::string>(name, read, description)->type_name("TIME");
}

void add_idempotency_key(CLI::App& verb, optional_text& key) {
    add_text(verb, "--idempotency-key", key, "KEY",
             "key for repeating the command: the same key executes it only once");
}

json::value change(session& s, const documents::document& what, json::object input,
                   const optional_text& idempotency_key, const std::string& id) {
    const auto key = idempotency_key ? *idempotency_key : peering::new_uuid();
    input["idempotencyKey"] = key;
    return s.daemon.ask(what, {{"input", std::move(input)}}, {.id = id, .idempotency_key = key});
}

std::string id_of_new(const optional_text& id, const optional_text& idempotency_key, std::string_view verb) {
    if (id && !peering::is_uuid_v4(*id)) {
        throw failure{exit_status::usage, fmt::format("--id: \"{}\" is not a UUID of version 4", printable(*id))};
    }
    if (id) return *id;
    return idempotency_key ? id_for_key(verb, *idempotency_key) : peering::new_uuid();
}

std::string read_file(const std::string& path) {
    auto file = std::ifstream{path, std::ios::binary};
    if (!file) throw failure{exit_status::usage, fmt::format("{}: {}", path, std::strerror(errno))};
    return read_all(file, path);
}

std::string read_secret_file(std::istream& in, const std::string& path) {
    const bool is_standard_input = path == "-";
    const auto name = is_standard_input ? std::string{"standard input"} : path;
    auto text = is_standard_input ? read_all(in, name) : read_file(path);
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    const auto type = config::signing_secret();
    if (!type.parse(text))
        throw failure{exit_status::usage, fmt::format("{}: expected {}, on one line", name, type.expected)};
    return text;
}

}  // namespace connector::ilpctl
