#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/progress.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <thread>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds progress_pause{250};

struct pay_terms {
    std::string receiver;
    std::string amount;
    optional_text asset;
    optional_text account;
    optional_text at_most;
    optional_text slippage;
    optional_text id;
    optional_text idempotency_key;
    bool delivers = false;
    bool does_not_wait = false;
};

struct one_payment {
    std::string id;
    optional_text idempotency_key;
};

struct payments_terms : list_terms {
    optional_text account;
};

/// The unit of the account that pays; nullopt if it was deleted.
std::optional<asset_unit> unit_of_payer(const json::object& payment) {
    if (payment.at("receivingAccount").is_null()) return std::nullopt;
    return unit_of(part(part(payment, "receivingAccount"), "asset"));
}

/// An amount of the account that pays.
std::string paid_amount(const session& s, const json::object& payment, std::string_view name) {
    const auto unit = unit_of_payer(payment);
    return unit ? amount_field(s, payment, name, *unit) : field(payment, name);
}

/// The asset of the receiver is known to nobody here, so what arrives is shown in its smallest unit.
std::string in_smallest_unit(const json::object& payment, std::string_view name) {
    return payment.at(name).is_null() ? "-" : fmt::format("{} (smallest unit)", field(payment, name));
}

bool has_ended(const json::object& payment) {
    return !payment.at("endedAt").is_null();
}

void print_payment(session& s, const json::value& answer) {
    if (s.json) return print_json(s, answer);
    const auto& payment = answer.as_object();
    auto sheet = ilpctl::sheet{};
    sheet.add("id", field(payment, "id"));
    sheet.add("from",
              payment.at("receivingAccount").is_null() ? "-" : field(part(payment, "receivingAccount"), "name"));
    sheet.add("to", field(payment, "receiver"));
    sheet.add("amount to send", paid_amount(s, payment, "sendAmount"));
    sheet.add("amount to deliver", in_smallest_unit(payment, "deliverAmount"));
    sheet.add("allowed at most", paid_amount(s, payment, "requestedSendMax"));
    sheet.add("status", field(payment, "status"));
    sheet.add("failure", field(payment, "failure"));
    sheet.add("waits for", field(payment, "waitsFor"));
    sheet.add("sends at most", paid_amount(s, payment, "sendMax"));
    sheet.add("sent", paid_amount(s, payment, "sent"));
    sheet.add("delivered", in_smallest_unit(payment, "delivered"));
    sheet.add("created", field(payment, "createdAt"));
    sheet.add("ended", field(payment, "endedAt"));
    s.out << sheet.text();
}

json::value find_payment(session& s, const std::string& id) {
    auto payment = s.daemon.ask(documents::payment, {{"id", id}});
    if (payment.is_null()) {
        throw failure{exit_status::refused, fmt::format("no payment has the id \"{}\"", printable(id)), "NOT_FOUND"};
    }
    return payment;
}

/// The daemon carries the payment out, whether or not it can be asked about it.
json::value ask_again(session& s, const std::string& id) try {
    return find_payment(s, id);
} catch (const failure& error) {
    if (error.status() != exit_status::no_answer) throw;
    throw failure{error.status(),
                  fmt::format("{}\nthe payment goes on, do not repeat it: ilpctl payment show {}", error.what(), id)};
}

/// Returns what has been sent of the amount to send, or has arrived of the amount to deliver.
share_done share_of(const json::object& payment) {
    const auto number = [&](std::string_view name) {
        const auto amount = ilp::parse_amount(field(payment, name));
        return amount ? amount->value : 0;
    };
    return payment.at("deliverAmount").is_null() ? share_done{number("sent"), number("sendAmount")}
                                                 : share_done{number("delivered"), number("deliverAmount")};
}

/// Says on standard error how far the payment has come, whenever that has changed.
json::value wait_until_ended(session& s, const std::string& id) {
    auto shown = progress{s.err, s.err_is_terminal};
    for (;;) {
        auto payment = ask_again(s, id);
        const auto& now = payment.as_object();
        if (!s.json) {
            shown.show(share_of(now), fmt::format("{}: sent {} of {}", field(now, "status"),
                                                  paid_amount(s, now, "sent"), paid_amount(s, now, "sendMax")));
        }
        if (has_ended(now)) return payment;
        std::this_thread::sleep_for(progress_pause);
    }
}

bool is_in(const json::object& receiver, std::string_view asset) {
    const auto unit = unit_of(part(receiver, "asset"));
    return asset == unit.code || asset == to_string(unit);
}

/// The receiving account of the asset, if there is only one that is enabled.
json::object only_account_in(session& s, std::string_view asset) {
    const auto everything = page_terms{.limit = std::numeric_limits<std::size_t>::max(), .all = true};
    auto found = json::array{};
    for (const json::value& node : fetch_nodes(s, documents::receiving_accounts, {}, everything)) {
        const auto& receiver = node.as_object();
        if (receiver.at("enabled").as_bool() && is_in(receiver, asset)) found.push_back(receiver);
    }
    if (found.empty()) {
        throw failure{
            exit_status::refused,
            fmt::format("no receiving account that is enabled is in {0}: see `ilpctl account list`, or add one "
                        "with `ilpctl account create NAME --asset {0}`",
                        printable(asset))};
    }
    if (found.size() > 1) {
        throw failure{exit_status::usage,
                      fmt::format("{} receiving accounts are in {}: name the one that pays with --from, such as {}",
                                  found.size(), printable(asset), printable(field(found.front().as_object(), "name")))};
    }
    return found.front().as_object();
}

/// The account that pays: the one that is named, or the only one in the asset of the amount.
json::object payer_of(session& s, const pay_terms& terms) {
    if (terms.delivers && terms.asset) {
        throw failure{exit_status::usage,
                      "with --deliver, AMOUNT is in the smallest unit of the receiver's asset: leave out ASSET, and "
                      "name the account that pays with --from"};
    }
    if (terms.delivers && !terms.account) {
        throw failure{exit_status::usage, "--deliver needs --from ACCOUNT, the account that pays"};
    }
    if (!terms.account && !terms.asset) {
        throw failure{exit_status::usage,
                      "name the asset after AMOUNT, as in 12.50 USD, or the account that pays with --from"};
    }
    if (!terms.account) return only_account_in(s, *terms.asset);
    auto payer = find_receiving_account(s, *terms.account);
    if (terms.asset && !is_in(payer, *terms.asset)) {
        throw failure{
            exit_status::usage,
            fmt::format("ASSET: the receiving account {} is in {}, not in {}", printable(field(payer, "name")),
                        printable(to_string(unit_of(part(payer, "asset")))), printable(*terms.asset))};
    }
    return payer;
}

/// A shell takes the name after a $ for a variable, unless it is quoted.
void expect_receiver(const std::string& text) {
    if (text.starts_with('$') || text.contains("://")) return;
    throw failure{exit_status::usage,
                  fmt::format("RECEIVER: \"{}\" is neither a payment pointer nor a URL. In a shell, a payment pointer "
                              "needs single quotes: '$example.com/alice'",
                              printable(text))};
}

/// True if the payment is what `input` asks for: the command was repeated.
bool is_asked_for_by(const json::object& payment, const json::object& input) {
    const auto is_same = [&](std::string_view name, std::string_view name_in_input) {
        return field(payment, name) == field(input, name_in_input);
    };
    return !payment.at("receivingAccount").is_null() &&
           field(part(payment, "receivingAccount"), "id") == field(input, "receivingAccountId") &&
           is_same("receiver", "receiver") && is_same("sendAmount", "sendAmount") &&
           is_same("deliverAmount", "deliverAmount") && is_same("requestedSendMax", "sendMax") &&
           (!input.contains("slippage") || is_same("slippage", "slippage"));
}

/// Has the daemon make the payment, unless it has it already. Returns the payment.
json::value make_payment(session& s, const json::object& input, const optional_text& idempotency_key,
                         const std::string& id) try {
    return change(s, documents::create_payment, input, idempotency_key, id).at("payment");
} catch (const failure& refusal) {
    if (refusal.code() != "DUPLICATE") throw;
    auto payment = ask_again(s, id);
    if (is_asked_for_by(payment.as_object(), input)) return payment;
    throw failure{exit_status::refused,
                  fmt::format("the id is that of another payment, and nothing was paid: ilpctl payment show {}", id),
                  refusal.code()};
}

void pay(session& s, const pay_terms& terms) {
    expect_receiver(terms.receiver);
    if (terms.delivers && !terms.at_most) {
        throw failure{
            exit_status::usage,
            "--deliver needs --at-most AMOUNT, the most that may be sent for it, in units of the account's asset"};
    }
    const std::string id = id_of_new(terms.id, terms.idempotency_key, "pay");
    const auto payer = payer_of(s, terms);
    const auto unit = unit_of(part(payer, "asset"));
    auto input = json::object{{"id", id}, {"receivingAccountId", payer.at("id")}, {"receiver", terms.receiver}};
    if (terms.delivers) {
        const auto amount = parse_amount(terms.amount, {}, amount_form::raw);
        if (!amount) throw failure{exit_status::usage, "AMOUNT: " + amount.error()};
        input["deliverAmount"] = to_string(*amount);
    } else {
        input["sendAmount"] = to_string(read_amount(s, "AMOUNT", terms.amount, unit));
    }
    if (terms.at_most) input["sendMax"] = to_string(read_amount(s, "--at-most", *terms.at_most, unit));
    if (terms.slippage) {
        const auto type = config::integer<std::uint16_t>(0, 9999);
        const auto slippage = type.parse(*terms.slippage);
        if (!slippage) {
            throw failure{exit_status::usage,
                          fmt::format("--slippage: \"{}\": expected {}", printable(*terms.slippage), type.expected)};
        }
        input["slippage"] = *slippage;
    }
    const auto made = make_payment(s, input, terms.idempotency_key, id);
    if (terms.does_not_wait) return print_payment(s, made);
    if (!s.json) s.err << "payment " << id << '\n' << std::flush;
    const auto payment = wait_until_ended(s, id);
    print_payment(s, payment);
    const auto& ended = payment.as_object();
    if (field(ended, "status") == "COMPLETED") return;
    const std::string why = ended.at("failure").is_null() ? "it was cancelled" : printable(field(ended, "failure"));
    throw failure{exit_status::refused, fmt::format("the payment is not complete: {}", why)};
}

void list_payments(session& s, const payments_terms& terms) {
    auto variables = list_variables(terms);
    if (terms.account) variables["receivingAccountId"] = find_receiving_account(s, *terms.account).at("id");
    const auto payments = fetch_nodes(s, documents::payments, std::move(variables), terms.page);
    if (s.json) return print_json(s, payments);
    auto table = ilpctl::table{{{"CREATED"}, {"FROM"}, {"TO"}, {"STATUS"}, {"SENT", alignment::right}, {"ID"}}};
    for (const json::value& node : payments) {
        const auto& payment = node.as_object();
        const auto from =
            payment.at("receivingAccount").is_null() ? "-" : field(part(payment, "receivingAccount"), "name");
        table.add({field(payment, "createdAt"), from, field(payment, "receiver"), field(payment, "status"),
                   paid_amount(s, payment, "sent"), field(payment, "id")});
    }
    s.out << table.text();
}

void show_payment(session& s, const one_payment& terms) {
    print_payment(s, find_payment(s, terms.id));
}

void cancel_payment(session& s, const one_payment& terms) {
    print_payment(s, change(s, documents::cancel_payment, {{"id", terms.id}}, terms.idempotency_key).at("payment"));
}

void add_list(CLI::App& parent, chosen_verb& chosen, const std::string& name) {
    const auto list = std::make_shared<payments_terms>();
    auto& verb = add_verb(parent, chosen, name, "list payments, the newest first", list, &list_payments);
    add_text(verb, "--from", list->account, "ACCOUNT", "only payments from this receiving account");
    add_page_terms(verb, list->page, 20);
    add_order(verb, *list);
}

}  // namespace

void add_payment_verbs(CLI::App& root, chosen_verb& chosen) {
    const auto terms = std::make_shared<pay_terms>();
    auto& pay_verb = add_verb(root, chosen, "pay", "pay from a receiving account to a payment pointer", terms, &pay);
    add_required(pay_verb, "RECEIVER", terms->receiver, "",
                 "payment pointer, such as '$example.com/alice', or its URL");
    add_required(pay_verb, "AMOUNT", terms->amount, "", "what is sent, in units of the account's asset: 12.50");
    add_text(pay_verb, "ASSET", terms->asset, "", "that asset: its code, or CODE/SCALE; may be left out with --from");
    add_text(pay_verb, "--from", terms->account, "ACCOUNT",
             "id or name of the receiving account that pays; by default the only one in ASSET");
    pay_verb.add_flag("--deliver", terms->delivers,
                      "AMOUNT is what shall arrive, in the smallest unit of the receiver's asset; needs --from and "
                      "--at-most");
    add_text(pay_verb, "--at-most", terms->at_most, "AMOUNT",
             "the most that may be sent, in units of the account's asset; required with --deliver");
    add_text(
        pay_verb, "--slippage", terms->slippage, "N",
        "how much worse than the quoted rate it may be exchanged, in hundredths of a percent, from 0 to 9999; 100 by "
        "default");
    add_text(pay_verb, "--id", terms->id, "UUID",
             "id of the payment, which is never made twice: the same command waits for it again; a new one by default");
    pay_verb.add_flag("--no-wait", terms->does_not_wait, "do not wait until the payment has ended");
    add_idempotency_key(pay_verb, terms->idempotency_key);

    auto& group = add_group(root, "payment", "manage the payments of this node");
    add_list(group, chosen, "list");
    add_list(root, chosen, "payments");

    const auto show = std::make_shared<one_payment>();
    auto& show_verb = add_verb(group, chosen, "show", "show a payment and how far it has come", show, &show_payment);
    add_required(show_verb, "ID", show->id, "", "id of the payment");

    const auto cancel = std::make_shared<one_payment>();
    auto& cancel_verb = add_verb(group, chosen, "cancel", "send nothing more of a payment", cancel, &cancel_payment);
    add_required(cancel_verb, "ID", cancel->id, "", "id of the payment");
    add_idempotency_key(cancel_verb, cancel->idempotency_key);
}

}  // namespace connector::ilpctl
