#include "peering/admin/schema.hpp"
#include "peering/graphql/engine.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rafiki_schema_test {

// A client's document is valid here if it is valid at a Rafiki: types, arguments, nullability and defaults are the
// same.
namespace {

namespace graphql = peering::graphql;
namespace json = boost::json;

const graphql::engine& api() {
    static const graphql::engine engine{peering::admin::load_schema(), {}};
    return engine;
}

json::array introspected_types() {
    graphql::context nothing;
    const auto answer = api().run(
        "{ __schema { types { kind name interfaces { name } enumValues { name } "
        "inputFields { name defaultValue type { ...T } } "
        "fields(includeDeprecated: true) { name args { name defaultValue type { ...T } } type { ...T } } } } } "
        "fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }",
        "", {}, nothing);
    INFO(json::serialize(answer.body));
    REQUIRE(answer.reached == graphql::progress::executed);
    return answer.body.at("data").at("__schema").at("types").as_array();
}

std::string text(const json::value& value) {
    return std::string{vectors::text(value)};
}

std::string type_text(const json::value& type) {
    const auto kind = vectors::text(type.at("kind"));
    if (kind == "NON_NULL") return type_text(type.at("ofType")) + "!";
    if (kind == "LIST") return "[" + type_text(type.at("ofType")) + "]";
    return text(type.at("name"));
}

std::string typed_text(const json::value& parameter) {
    const json::value& initially = parameter.at("defaultValue");
    return text(parameter.at("name")) + ": " + type_text(parameter.at("type")) +
           (initially.is_null() ? "" : " = " + text(initially));
}

std::vector<std::string> sorted(const json::value& list, std::string (*to_text)(const json::value&)) {
    std::vector<std::string> texts;
    if (list.is_array()) std::ranges::transform(list.as_array(), std::back_inserter(texts), to_text);
    std::ranges::sort(texts);
    return texts;
}

std::string name_text(const json::value& named) {
    return text(named.at("name"));
}

struct signatures {
    std::set<std::string> all;       ///< in the notation of the vectors
    std::set<std::string> required;  ///< fields of inputs that must be given, as "Type.field"
};

bool must_be_given(const json::value& parameter) {
    return vectors::text(parameter.at("type").at("kind")) == "NON_NULL" && parameter.at("defaultValue").is_null();
}

signatures our_signatures() {
    signatures ours;
    for (const json::value& type : introspected_types()) {
        const std::string name = name_text(type);
        if (vectors::text(type.at("kind")) == "SCALAR") ours.all.insert("scalar " + name);
        for (const auto& interface : sorted(type.at("interfaces"), name_text)) {
            ours.all.insert("implements " + name + " " + interface);
        }
        std::string values;
        for (const auto& value : sorted(type.at("enumValues"), name_text)) values += " " + value;
        if (!values.empty()) ours.all.insert("enum " + name + values);
        if (const auto* const inputs = type.at("inputFields").if_array()) {
            for (const json::value& input : *inputs) {
                ours.all.insert("input " + name + "." + typed_text(input));
                if (must_be_given(input)) ours.required.insert(name + "." + name_text(input));
            }
        }
        if (!type.at("fields").is_array()) continue;
        for (const json::value& field : type.at("fields").as_array()) {
            std::string arguments;
            for (const auto& one : sorted(field.at("args"), typed_text))
                arguments += (arguments.empty() ? "" : ", ") + one;
            if (!arguments.empty()) arguments = "(" + arguments + ")";
            ours.all.insert("field " + name + "." + name_text(field) + arguments + ": " + type_text(field.at("type")));
        }
    }
    return ours;
}

std::vector<std::string> rafikis_signatures() {
    std::ifstream file{ILPD_VECTORS "/generated/rafiki_schema.txt"};
    if (!file) throw std::runtime_error{"cannot read the signatures"};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with('#')) lines.push_back(line);
    }
    return lines;
}

}  // namespace

TEST_CASE("each signature of Rafiki's Admin API that ilpd serves is the same here") {
    const auto ours = our_signatures();
    const auto rafikis = rafikis_signatures();
    CHECK(rafikis.size() > 200);
    for (const std::string& line : rafikis) {
        INFO(line);
        CHECK(ours.all.contains(line));
    }
}

TEST_CASE("no input of ilpd demands what a Rafiki does not know") {
    std::set<std::string> known;
    std::set<std::string> types;
    for (const std::string& line : rafikis_signatures()) {
        if (!line.starts_with("input ")) continue;
        const std::string name = line.substr(6, line.find(':') - 6);
        known.insert(name);
        types.insert(name.substr(0, name.find('.')));
    }
    for (const std::string& name : our_signatures().required) {
        INFO(name);
        CHECK((!types.contains(name.substr(0, name.find('.'))) || known.contains(name)));
    }
}

TEST_CASE("the documents of Rafiki's clients are valid here") {
    const json::value all = vectors::load("generated/rafiki_documents.json");
    for (const char* const list : {"peering_guide", "collection"}) {
        for (const json::value& step : all.at(list).as_array()) {
            const auto document = vectors::text(step.at("document"));
            INFO(document);
            const auto prepared = api().prepare(document, "");
            INFO((prepared ? "" : json::serialize(prepared.error().body)));
            CHECK(prepared.has_value());
        }
    }
}

}  // namespace rafiki_schema_test
