#include "connector/ilpctl/command_line.hpp"

#include "config/value.hpp"
#include "connector/ilpctl/completion.hpp"
#include "connector/ilpctl/verb_check.hpp"
#include "connector/tls/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

constexpr auto secret_variable = "ILPD_ADMIN_SECRET";

constexpr auto footer =
    "Name a peer by its id or name, and an asset by its id, as USD/9, or as USD if it\n"
    "has only one scale. Amounts are in units of the asset, such as 12.50. `ilpctl\n"
    "--help` lists the options that every verb takes; ilpctl(1) explains everything.";

void add_completion_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "completion", "print a completion script for a shell");
    const auto add_shell = [&](const std::string& shell, std::string (*script)(const CLI::App&)) {
        group.add_subcommand(shell, "for " + shell)->callback([&root, &chosen, script] {
            chosen.run_without_daemon = [&root, script](std::ostream& out) { out << script(root); };
        });
    };
    add_shell("bash", &bash_completion);
    add_shell("zsh", &zsh_completion);
    add_shell("fish", &fish_completion);
    add_names_verb(group, chosen);
}

void add_help_verb(CLI::App& root, chosen_verb& chosen) {
    const auto words = std::make_shared<std::vector<std::string>>();
    auto& verb = *root.add_subcommand("help", "explain a verb, or list all of them");
    verb.add_option("VERB", *words, "the verb, such as peer create")->type_name("");
    verb.callback([&chosen, words] { chosen.help_about = *words; });
}

/// An option takes precedence over the corresponding variable; an empty variable counts as unset.
void read_variables(global_terms& globals, const CLI::App& tree, const system_interface& system) {
    const auto take = [&](const char* option, const char* variable, std::string& target) {
        const auto text = system.variable(variable);
        if (tree.get_option(option)->count() == 0 && text && !text->empty()) target = *text;
    };
    take("--url", "ILPCTL_URL", globals.url);
    take("--ca-file", "ILPCTL_CA_FILE", globals.ca_file);
    take("--tenant", "ILPCTL_TENANT", globals.tenant);
}

std::optional<config::secret> secret_of(const global_terms& globals, const system_interface& system) {
    if (globals.secret_file) return config::secret{read_secret_file(system.in, *globals.secret_file)};
    const auto text = system.variable(secret_variable);
    if (!text || text->empty()) return std::nullopt;
    const auto type = config::signing_secret();
    const auto secret = type.parse(*text);
    if (!secret) throw failure{exit_status::usage, fmt::format("{}: expected {}", secret_variable, type.expected)};
    return *secret;
}

/// Null for http://, to which a file of authorities does not matter.
std::shared_ptr<const tls_context> tls_for(const config::http_endpoint& endpoint, const global_terms& globals) {
    if (!endpoint.is_https()) return {};
    auto options = tls_client_options{};
    if (!globals.ca_file.empty()) {
        options.roots = read_file(globals.ca_file);
        if (const auto fault = complaint_about_certificates(options.roots); !fault.empty())
            throw failure{exit_status::usage, fmt::format("{}: {}", globals.ca_file, fault)};
    }
    auto context = tls_context::client(options);
    if (!context) throw failure{exit_status::usage, context.error()};
    return *std::move(context);
}

std::unique_ptr<api> connect(const global_terms& globals, const system_interface& system) {
    const auto type = config::http_url();
    const auto endpoint = type.parse(globals.url);
    if (!endpoint)
        throw failure{exit_status::usage, fmt::format("URL: {}", endpoint.error().empty() ? "expected " + type.expected
                                                                                          : endpoint.error())};
    // No other characters are allowed in a header.
    if (globals.tenant.empty() || !std::ranges::all_of(globals.tenant, [](char c) { return c > ' ' && c <= '~'; }))
        throw failure{exit_status::usage,
                      "the tenant's id (--tenant or ILPCTL_TENANT) must be visible ASCII characters without spaces"};
    return system.connect({*endpoint, tls_for(*endpoint, globals)}, {secret_of(globals, system), globals.tenant},
                          globals.timeout);
}

/// Refuses to repeat changes.
class watched_api final : public api {
public:
    explicit watched_api(api& daemon) : daemon_{daemon} {}

    json::value ask(const documents::document& what, json::object variables, const retry_hint& again,
                    std::chrono::milliseconds extra) override {
        const bool is_change = std::string_view{what.text}.starts_with("mutation");
        if (is_change && &what != &documents::ping && &what != &documents::examine_peer)
            throw failure{exit_status::usage, "--watch repeats only verbs that change nothing"};
        return daemon_.ask(what, std::move(variables), again, extra);
    }

private:
    api& daemon_;
};

/// Runs the verb again and again. A failure is shown in its place, because it may be over the next time.
void watch_verb(const chosen_verb& chosen, session& shown, std::chrono::milliseconds interval) {
    auto watched = watched_api{shown.daemon};
    auto session = ilpctl::session{.daemon = watched,
                                   .in = shown.in,
                                   .out = shown.out,
                                   .err = shown.err,
                                   .json = shown.json,
                                   .err_is_terminal = shown.err_is_terminal,
                                   .out_is_terminal = shown.out_is_terminal,
                                   .pause = shown.pause,
                                   .form = shown.form,
                                   .words = shown.words};
    do {
        begin_page(session);
        try {
            chosen.run(session);
        } catch (const failure& failure) {
            if (failure.status() == exit_status::usage) throw;
            session.err << "ilpctl: " << failure.what() << '\n';
        }
        session.out.flush();
    } while (session.pause(interval));
}

exit_status run_verb(command_line& line, const std::vector<std::string>& words, const system_interface& system) {
    if (line.chosen().run_without_daemon) {
        if (line.globals().watch) throw failure{exit_status::usage, "--watch repeats only verbs that ask the daemon"};
        line.chosen().run_without_daemon(system.out);
        return exit_status::done;
    }
    auto globals = line.globals();
    read_variables(globals, line.tree(), system);
    const auto daemon = connect(globals, system);
    auto session = ilpctl::session{.daemon = *daemon,
                                   .in = system.in,
                                   .out = system.out,
                                   .err = system.err,
                                   .json = globals.json,
                                   .err_is_terminal = system.err_is_terminal,
                                   .out_is_terminal = system.out_is_terminal,
                                   .pause = system.pause,
                                   .form = globals.raw ? amount_form::raw : amount_form::units,
                                   .words = words};
    if (globals.watch) {
        watch_verb(line.chosen(), session, *globals.watch);
    } else {
        line.chosen().run(session);
    }
    return exit_status::done;
}

}  // namespace

command_line::command_line() : tree_{"ilpctl: operates a running ilpd through its Admin API", "ilpctl"} {
    tree_.require_subcommand(1);
    tree_.fallthrough();  // global options may also follow the verb
    tree_.footer(footer);
    tree_.set_version_flag("--version", "ilpctl " ILPD_VERSION);
    tree_
        .add_option("--url", globals_.url,
                    fmt::format("URL of the Admin API; otherwise ILPCTL_URL is used, or {}", globals_.url))
        ->type_name("URL");
    tree_
        .add_option(
            "--ca-file", globals_.ca_file,
            "file with the certificates (PEM) that an https:// URL is checked against; otherwise ILPCTL_CA_FILE "
            "is used, or the system's")
        ->type_name("FILE");
    add_text(tree_, "--secret-file", globals_.secret_file, "FILE",
             fmt::format("file with the secret that signs requests; otherwise {} is used; - for standard input",
                         secret_variable));
    tree_
        .add_option("--tenant", globals_.tenant,
                    fmt::format("tenant that signs; otherwise ILPCTL_TENANT is used, or {}", globals_.tenant))
        ->type_name("ID");
    tree_.add_flag("--json", globals_.json, "print the answer of the API, for programs");
    tree_.add_flag("--raw", globals_.raw, "enter and show amounts in the smallest unit");
    const auto read_timeout = [this](const std::string& text) {
        globals_.timeout =
            read_option("--timeout", config::duration(std::chrono::milliseconds{1}, std::chrono::hours{1}), text);
    };
    tree_
        .add_option_function<std::string>("--timeout", read_timeout, "how long to wait for the daemon; 10s by default")
        ->type_name("TIME");

    const auto read_watch = [this](const std::string& text) {
        globals_.watch =
            read_option("--watch", config::duration(std::chrono::milliseconds{100}, std::chrono::hours{1}), text);
    };
    tree_
        .add_option_function<std::string>("--watch", read_watch,
                                          "show the answer again after each TIME, such as 2s, until stopped")
        ->type_name("TIME");

    add_status_verbs(tree_, chosen_);
    add_cluster_verb(tree_, chosen_);
    add_asset_verbs(tree_, chosen_);
    add_peer_verbs(tree_, chosen_);
    add_account_verbs(tree_, chosen_);
    add_payment_verbs(tree_, chosen_);
    add_liquidity_verbs(tree_, chosen_);
    add_network_verbs(tree_, chosen_);
    add_doctor_verb(tree_, chosen_);
    add_top_verb(tree_, chosen_);
    add_event_verbs(tree_, chosen_);
    add_completion_verbs(tree_, chosen_);
    add_help_verb(tree_, chosen_);
}

exit_status run(const std::vector<std::string>& words, const system_interface& system) {
    auto line = command_line{};
    if (const auto fault = fault_of_verb(line.tree(), words)) {
        system.err << "ilpctl: " << *fault << '\n';
        return exit_status::usage;
    }
    try {
        line.tree().parse(std::vector<std::string>{words.rbegin(), words.rend()});
    } catch (const CLI::ParseError& error) {
        return line.tree().exit(error, system.out, system.err) == 0 ? exit_status::done : exit_status::usage;
    }
    if (auto about = line.chosen().help_about) {
        about->emplace_back("--help");
        return run(*about, system);
    }
    try {
        return run_verb(line, words, system);
    } catch (const failure& failure) {
        system.err << "ilpctl: " << failure.what() << '\n';
        return failure.status();
    } catch (const std::exception& error) {
        system.err << "ilpctl: the response does not match the Admin API's schema (" << error.what() << ")\n";
        return exit_status::no_answer;
    }
}

}  // namespace connector::ilpctl
