#pragma once

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/settings_reference.hpp"
#include "config/text.hpp"
#include "config/value.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The building blocks of the definition in schema.cpp. A `section` is a list of `field`s. A field knows its name and
/// the struct member it belongs to, which is all it needs to read, write and describe the setting.
namespace config {

inline constexpr std::size_t problem_count_max = 1000;  ///< further problems are only counted

/// Behind the name of a secret, it makes the name of a setting that names a file with the secret.
inline constexpr std::string_view file_suffix = "_file";
inline constexpr std::size_t secret_file_size_max = 4096;  ///< bytes

/// Collects problems and holds everything besides the document that reading needs.
class reader {
public:
    /// Both arguments must outlive the reader.
    reader(const std::string& file, const environment& variables) : file_{file}, variables_{variables} {}

    void report(std::uint32_t line, std::string key, std::string message);
    void report(std::uint32_t line, const key_path& path, std::string message);

    /// Returns the scalar's text with each `${NAME}` replaced. Reports an error and returns nullopt if the value is not
    /// a scalar or a variable does not exist.
    std::optional<std::string> text(const node& value, std::uint32_t line, const key_path& path,
                                    std::string_view expected);

    // A setting that names a file: completes a relative path with the folder of the configuration file, and reads what
    // the setting needs of the file. They return what is wrong with it, completing its name; nullopt if nothing is.

    std::optional<std::string> take(file_path& path) const;
    std::optional<std::string> take(trusted_certificates& certificates) const;

    /// Rejects a key that the section does not have. A token without its brackets or its colon looks like a key, so
    /// next to a secret the message shows only text that was written as a key with a value.
    void report_unknown_key(const node& key, const node& value, const key_path* around,
                            const std::vector<std::string_view>& known, bool beside_secret);

    /// Reads the secret, or the list of secrets with one in each line, from the file that the scalar names. Reports an
    /// error and returns nullopt if it cannot.
    std::optional<node> secret_file(const node& value, std::uint32_t line, const key_path& path, bool is_list);

    /// A secret was read from this scalar.
    void note_secret(const node& value) { has_literal_secret_ |= !value.is_literal && !value.text.contains("${"); }
    bool has_literal_secret() const noexcept { return has_literal_secret_; }
    std::vector<std::string> take_secret_files() { return std::move(secret_files_); }

    /// True if a problem was reported for the key, for the file that it is read from, or for anything below it.
    bool has_problem_in(std::string_view key) const;

    std::vector<problem> take_problems();

private:
    std::string completed(const std::string& path) const;

    const std::string& file_;
    const environment& variables_;
    std::vector<problem> problems_;  ///< in line order
    std::size_t dropped_ = 0;
    bool has_literal_secret_ = false;
    std::vector<std::string> secret_files_;
};

/// Writes block-style YAML that the reader reads back.
class yaml_writer {
public:
    void scalar(std::string_view name, const std::string& text, bool plain);
    void element(const std::string& text, bool plain);
    void empty_list(std::string_view name);
    void open(std::string_view name);  ///< a mapping or a list
    void open_element();               ///< a mapping of at least one key, as a list element
    void close() { --depth_; }
    std::string take() { return std::move(out_); }

private:
    void begin_line();
    void add_value(const std::string& text, bool plain);

    std::string out_;
    std::size_t depth_ = 0;
    bool dash_ = false;  ///< the next line is the first of an element
};

/// The document's value for a field. If the key is absent, `value` is null and `line` is that of the enclosing section.
struct place {
    const node* value = nullptr;
    std::uint32_t line = 0;
};

std::string message_expected(std::string_view expected, node_kind found);

template <typename S>
class field {
public:
    explicit field(std::string_view name) : name_{name} {}
    virtual ~field() = default;
    std::string_view name() const noexcept { return name_; }

    /// Sets the struct member from the document or to the default, or reports why it cannot.
    virtual void read(const place& where, const key_path& path, reader& in, S& out) const = 0;
    virtual void write(const S& from, yaml_writer& out) const = 0;
    /// `around` is the prefix of the full key, such as "peers[].", or empty.
    virtual void describe(const std::string& around, settings_reference& out) const = 0;
    /// A secret may also be read from a file of its own, which the setting with `_file` behind the name names.
    virtual bool is_secret() const { return false; }
    virtual bool is_list() const { return false; }
    /// Appends the full keys of the settings in which `a` and `b` differ. Lists of sections are not compared.
    virtual void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const = 0;
    /// A name that files may still use; empty if there is none.
    virtual std::string_view former_name() const { return {}; }

private:
    std::string_view name_;
};

template <typename S>
class section {
public:
    section(std::initializer_list<std::shared_ptr<const field<S>>> fields) : fields_{fields} {
        for (const auto& field : fields_) {
            names_.push_back(field->name());
            has_secret_ = has_secret_ || field->is_secret();
        }
    }

    /// Reads an absent section as an empty one: defaults apply, and missing required keys are reported.
    void read(const place& where, const key_path* path, reader& in, S& out) const;
    void write(const S& from, yaml_writer& out) const {
        for (const auto& field : fields_) field->write(from, out);
    }
    void describe(const std::string& around, settings_reference& out) const {
        for (const auto& field : fields_) field->describe(around, out);
    }

    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const {
        for (const auto& field : fields_) field->compare(a, b, around, out);
    }

private:
    std::optional<std::size_t> find(std::string_view name) const {
        for (std::size_t i = 0; i < names_.size(); ++i)
            if (names_[i] == name || (!name.empty() && fields_[i]->former_name() == name)) return i;
        return std::nullopt;
    }

    /// The secret that the key with `_file` behind its name stands for.
    std::optional<std::size_t> find_by_file(std::string_view name) const {
        if (!name.ends_with(file_suffix)) return std::nullopt;
        const auto index = find(name.substr(0, name.size() - file_suffix.size()));
        return index && fields_[*index]->is_secret() ? index : std::nullopt;
    }

    std::vector<std::shared_ptr<const field<S>>> fields_;
    std::vector<std::string_view> names_;
    bool has_secret_ = false;
};

template <typename S>
void section<S>::read(const place& where, const key_path* path, reader& in, S& out) const {
    auto places = std::vector<place>(fields_.size(), place{nullptr, where.line});
    auto names = names_;  // as they are written, which may be a former name
    auto from_files = std::deque<node>{};
    auto failed = std::vector<bool>(fields_.size());
    if (where.value != nullptr && where.value->kind == node_kind::mapping) {
        const auto& children = where.value->children;
        for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
            const node& key = children[i];
            const node& value = children[i + 1];
            const auto file_of = find_by_file(key.text);
            const auto index = file_of ? file_of : find(key.text);
            if (!index) {
                in.report_unknown_key(key, value, path, names_, has_secret_);
            } else if (auto& known = places[*index]; known.value == nullptr && !failed[*index]) {
                names[*index] = key.text;
                known.line = key.line;
                if (!file_of) {
                    known.value = &value;
                } else if (auto read = in.secret_file(value, key.line, key_path{path, key.text, {}},
                                                      fields_[*index]->is_list())) {
                    known.value = &from_files.emplace_back(*std::move(read));
                } else {
                    failed[*index] = true;
                }
            } else if (names[*index] != key.text && (file_of || find_by_file(names[*index]))) {
                in.report(key.line, key_path{path, key.text, {}},
                          "is given beside " + std::string{names[*index]} + " in line " + std::to_string(known.line) +
                              ": keep one of them");
            } else {
                in.report(key.line, key_path{path, key.text, {}},
                          "is given twice: it is already in line " + std::to_string(known.line));
            }
        }
    } else if (where.value != nullptr && where.value->kind != node_kind::nothing) {
        const auto expected = "a mapping with the keys " + join(names_, ", ");
        in.report(where.line, path == nullptr ? key_path{} : *path, message_expected(expected, where.value->kind));
        return;
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (!failed[i]) fields_[i]->read(places[i], key_path{path, names[i], {}}, in, out);
    }
}

template <typename T>
std::optional<T> read_value(const value_type<T>& type, const place& where, const key_path& path, reader& in) {
    const auto text = in.text(*where.value, where.line, path, type.expected);
    if (!text) return std::nullopt;
    auto value = type.parse(*text);
    if constexpr (is_secret_v<T>) in.note_secret(*where.value);
    auto message = value ? std::string{} : std::move(value.error());
    if (value) {
        if constexpr (requires { in.take(*value); }) {
            if (auto fault = in.take(*value)) {
                in.report(where.line, path, config::in_quotes(type.print(*value)) + ' ' + *std::move(fault));
                return std::nullopt;
            }
        }
        return *std::move(value);
    }
    if (message.empty()) {
        message = "expected " + type.expected;
        if constexpr (!is_secret_v<T>) message += ", found " + config::in_quotes(*text);
    }
    in.report(where.line, path, std::move(message));
    return std::nullopt;
}

template <typename T>
std::string described(const value_type<T>& type) {
    return is_secret_v<T> ? type.expected + " (secret)" : type.expected;
}

/// Formats a setting's full key for the reference.
inline std::string key_cell(const std::string& around, std::string_view name, std::string_view suffix = {}) {
    return "`" + around + std::string{name} + std::string{suffix} + "`";
}

/// Returns the list's elements. Reports an error and returns none if the value is not a list.
inline const std::vector<node>& elements(const place& where, const key_path& path, reader& in) {
    static const auto none = std::vector<node>{};
    if (where.value == nullptr || where.value->kind == node_kind::nothing) return none;
    if (where.value->kind == node_kind::sequence) return where.value->children;
    in.report(where.line, path, message_expected("a list", where.value->kind));
    return none;
}

template <typename S, typename T>
class value_field : public field<S> {
public:
    value_field(std::string_view name, T S::* member, value_type<T> type, std::optional<std::string_view> initial,
                std::string_view about)
        : field<S>{name}, member_{member}, type_{std::move(type)}, initial_text_{initial}, about_{about} {
        if (initial) initial_ = type_.parse(*initial).value();
    }

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        if (where.value != nullptr) {
            if (auto value = read_value(type_, where, path, in)) out.*member_ = *std::move(value);
        } else if (initial_) {
            out.*member_ = *initial_;
        } else {
            in.report(where.line, path, "is required: expected " + type_.expected);
        }
    }
    void write(const S& from, yaml_writer& out) const override {
        out.scalar(this->name(), type_.print(from.*member_), type_.plain);
    }
    void describe(const std::string& around, settings_reference& out) const override {
        out.row({key_cell(around, this->name()), described(type_),
                 initial_text_ ? "`" + std::string{*initial_text_} + "`" : "required", about_});
    }
    bool is_secret() const override { return is_secret_v<T>; }
    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const override {
        if (!(a.*member_ == b.*member_)) out.push_back(around + std::string{this->name()});
    }

private:
    T S::* member_;
    value_type<T> type_;
    std::optional<std::string_view> initial_text_;
    std::optional<T> initial_;
    std::string_view about_;
};

template <typename S, typename T>
class optional_field : public field<S> {
public:
    optional_field(std::string_view name, std::optional<T> S::* member, value_type<T> type, std::string_view absent,
                   std::string_view about)
        : field<S>{name}, member_{member}, type_{std::move(type)}, absent_{absent}, about_{about} {}

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        if (where.value != nullptr) out.*member_ = read_value(type_, where, path, in);
    }
    void write(const S& from, yaml_writer& out) const override {
        if (from.*member_) out.scalar(this->name(), type_.print(*(from.*member_)), type_.plain);
    }
    void describe(const std::string& around, settings_reference& out) const override {
        out.row({key_cell(around, this->name()), described(type_), absent_, about_});
    }
    bool is_secret() const override { return is_secret_v<T>; }
    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const override {
        if (!(a.*member_ == b.*member_)) out.push_back(around + std::string{this->name()});
    }

private:
    std::optional<T> S::* member_;
    value_type<T> type_;
    std::string_view absent_;
    std::string_view about_;
};

/// A setting whose absence leaves the member empty. The member is not a std::optional, because there may be many of it.
template <typename S, typename T>
class empty_field : public field<S> {
public:
    empty_field(std::string_view name, T S::* member, value_type<T> type, std::string_view absent,
                std::string_view about)
        : field<S>{name}, member_{member}, type_{std::move(type)}, absent_{absent}, about_{about} {}

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        if (where.value == nullptr) return;
        if (auto value = read_value(type_, where, path, in)) out.*member_ = *std::move(value);
    }
    void write(const S& from, yaml_writer& out) const override {
        if (!(from.*member_ == T{})) out.scalar(this->name(), type_.print(from.*member_), type_.plain);
    }
    void describe(const std::string& around, settings_reference& out) const override {
        out.row({key_cell(around, this->name()), described(type_), absent_, about_});
    }
    bool is_secret() const override { return is_secret_v<T>; }
    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const override {
        if (!(a.*member_ == b.*member_)) out.push_back(around + std::string{this->name()});
    }

private:
    T S::* member_;
    value_type<T> type_;
    std::string_view absent_;
    std::string_view about_;
};

template <typename S, typename T>
class value_list_field : public field<S> {
public:
    value_list_field(std::string_view name, std::vector<T> S::* member, value_type<T> type, std::string_view about)
        : field<S>{name}, member_{member}, type_{std::move(type)}, about_{about} {}

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        std::size_t index = 0;
        for (const node& element : elements(where, path, in)) {
            auto value = read_value(type_, {&element, element.line}, key_path{&path, {}, index++}, in);
            // The placeholder keeps the indices correct in later messages.
            (out.*member_).push_back(std::move(value).value_or(type_.placeholder));
        }
    }
    void write(const S& from, yaml_writer& out) const override {
        if ((from.*member_).empty()) return out.empty_list(this->name());
        out.open(this->name());
        for (const T& value : from.*member_) out.element(type_.print(value), type_.plain);
        out.close();
    }
    void describe(const std::string& around, settings_reference& out) const override {
        out.row({key_cell(around, this->name(), "[]"), described(type_), "none", about_});
    }
    bool is_secret() const override { return is_secret_v<T>; }
    bool is_list() const override { return true; }
    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const override {
        if (!(a.*member_ == b.*member_)) out.push_back(around + std::string{this->name()});
    }

private:
    std::vector<T> S::* member_;
    value_type<T> type_;
    std::string_view about_;
};

template <typename S, typename G>
class section_field : public field<S> {
public:
    section_field(std::string_view name, G S::* member, section<G> fields, std::string_view about)
        : field<S>{name}, member_{member}, fields_{std::move(fields)}, about_{about} {}

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        fields_.read(where, &path, in, out.*member_);
    }
    void write(const S& from, yaml_writer& out) const override {
        out.open(this->name());
        fields_.write(from.*member_, out);
        out.close();
    }
    void describe(const std::string& around, settings_reference& out) const override {
        if (!about_.empty()) out.heading(around + std::string{this->name()}, about_);
        fields_.describe(around + std::string{this->name()} + ".", out);
    }
    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const override {
        fields_.compare(a.*member_, b.*member_, around + std::string{this->name()} + ".", out);
    }

private:
    G S::* member_;
    section<G> fields_;
    std::string_view about_;
};

/// A section whose absence leaves the member empty. If it is there, even with nothing in it, its required keys are.
template <typename S, typename G>
class optional_section_field : public field<S> {
public:
    optional_section_field(std::string_view name, std::optional<G> S::* member, section<G> fields,
                           std::string_view absent, std::string_view about)
        : field<S>{name}, member_{member}, fields_{std::move(fields)}, absent_{absent}, about_{about} {}

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        if (where.value != nullptr) fields_.read(where, &path, in, (out.*member_).emplace());
    }
    void write(const S& from, yaml_writer& out) const override {
        if (!(from.*member_)) return;
        out.open(this->name());
        fields_.write(*(from.*member_), out);
        out.close();
    }
    void describe(const std::string& around, settings_reference& out) const override {
        out.row({key_cell(around, this->name()), "a mapping with the keys below", absent_, about_});
        fields_.describe(around + std::string{this->name()} + ".", out);
    }
    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const override {
        const std::optional<G>& one = a.*member_;
        const std::optional<G>& other = b.*member_;
        if (one && other) return fields_.compare(*one, *other, around + std::string{this->name()} + ".", out);
        if (one || other) out.push_back(around + std::string{this->name()});
    }

private:
    std::optional<G> S::* member_;
    section<G> fields_;
    std::string_view absent_;
    std::string_view about_;
};

template <typename S, typename G>
class section_list_field : public field<S> {
public:
    section_list_field(std::string_view name, std::vector<G> S::* member, section<G> fields, std::string_view about)
        : field<S>{name}, member_{member}, fields_{std::move(fields)}, about_{about} {}

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        std::size_t index = 0;
        for (const node& element : elements(where, path, in)) {
            const auto element_path = key_path{&path, {}, index++};
            auto& item = (out.*member_).emplace_back();
            item.line = element.line;
            fields_.read({&element, element.line}, &element_path, in, item);
        }
    }
    void write(const S& from, yaml_writer& out) const override {
        if ((from.*member_).empty()) return out.empty_list(this->name());
        out.open(this->name());
        for (const G& item : from.*member_) {
            out.open_element();
            fields_.write(item, out);
            out.close();
        }
        out.close();
    }
    void describe(const std::string& around, settings_reference& out) const override {
        out.heading(around + std::string{this->name()}, about_);
        fields_.describe(around + std::string{this->name()} + "[].", out);
    }
    void compare(const S&, const S&, const std::string&, std::vector<std::string>&) const override {}

private:
    std::vector<G> S::* member_;
    section<G> fields_;
    std::string_view about_;
};

/// A field that had another name in earlier versions.
template <typename S>
class renamed_field : public field<S> {
public:
    renamed_field(std::string_view former_name, std::shared_ptr<const field<S>> renamed)
        : field<S>{renamed->name()}, former_name_{former_name}, renamed_{std::move(renamed)} {}

    void read(const place& where, const key_path& path, reader& in, S& out) const override {
        renamed_->read(where, path, in, out);
    }
    void write(const S& from, yaml_writer& out) const override { renamed_->write(from, out); }
    void compare(const S& a, const S& b, const std::string& around, std::vector<std::string>& out) const override {
        renamed_->compare(a, b, around, out);
    }
    void describe(const std::string& around, settings_reference& out) const override {
        renamed_->describe(around, out);
    }
    bool is_secret() const override { return renamed_->is_secret(); }
    bool is_list() const override { return renamed_->is_list(); }
    std::string_view former_name() const override { return former_name_; }

private:
    std::string_view former_name_;
    std::shared_ptr<const field<S>> renamed_;
};

/// Marks a setting that has no default.
struct required_t {};
inline constexpr auto required = required_t{};

/// The default value, as it would be written in the file.
struct default_value {
    std::string_view text;
};

/// Describes what an absent optional setting means.
struct when_absent {
    std::string_view meaning;
};

// Each function builds one statement of the definition: name, member, type with bounds, default, one sentence. A
// section with a sentence gets its own table in the reference.

template <typename S, typename T>
std::shared_ptr<const field<S>> setting(std::string_view name, T S::* member, value_type<T> type, required_t,
                                        std::string_view about) {
    return std::make_shared<value_field<S, T>>(name, member, std::move(type), std::nullopt, about);
}

template <typename S, typename T>
std::shared_ptr<const field<S>> setting(std::string_view name, T S::* member, value_type<T> type, default_value initial,
                                        std::string_view about) {
    return std::make_shared<value_field<S, T>>(name, member, std::move(type), initial.text, about);
}

template <typename S, typename T>
std::shared_ptr<const field<S>> setting(std::string_view name, std::optional<T> S::* member, value_type<T> type,
                                        when_absent absent, std::string_view about) {
    return std::make_shared<optional_field<S, T>>(name, member, std::move(type), absent.meaning, about);
}

template <typename S, typename T>
std::shared_ptr<const field<S>> setting(std::string_view name, T S::* member, value_type<T> type, when_absent absent,
                                        std::string_view about) {
    return std::make_shared<empty_field<S, T>>(name, member, std::move(type), absent.meaning, about);
}

/// The setting is accepted under its former name, too.
template <typename S>
std::shared_ptr<const field<S>> formerly(std::string_view former_name, std::shared_ptr<const field<S>> renamed) {
    return std::make_shared<renamed_field<S>>(former_name, std::move(renamed));
}

template <typename S, typename T>
std::shared_ptr<const field<S>> settings_list(std::string_view name, std::vector<T> S::* member, value_type<T> type,
                                              std::string_view about) {
    return std::make_shared<value_list_field<S, T>>(name, member, std::move(type), about);
}

template <typename S, typename G>
std::shared_ptr<const field<S>> group(std::string_view name, G S::* member, section<G> fields,
                                      std::string_view about = {}) {
    return std::make_shared<section_field<S, G>>(name, member, std::move(fields), about);
}

template <typename S, typename G>
std::shared_ptr<const field<S>> group(std::string_view name, std::optional<G> S::* member, section<G> fields,
                                      when_absent absent, std::string_view about) {
    return std::make_shared<optional_section_field<S, G>>(name, member, std::move(fields), absent.meaning, about);
}

template <typename S, typename G>
std::shared_ptr<const field<S>> group_list(std::string_view name, std::vector<G> S::* member, section<G> fields,
                                           std::string_view about) {
    return std::make_shared<section_list_field<S, G>>(name, member, std::move(fields), about);
}

}  // namespace config
