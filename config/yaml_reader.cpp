#include "config/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "config/schema.hpp"
#include "config/suggest.hpp"
#include "config/text_file.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

std::string at_line(const std::string& name, const YAML::Mark& mark) {
  return mark.is_null() ? name : fmt::format("{}:{}", name, mark.line + 1);
}

[[noreturn]] void refuse_yaml(const std::string& where, const YAML::Exception& error) {
  throw ConfigError(where, "",
                    "expected YAML, found something else (" + error.msg + "); check indentation, quotes and brackets");
}

/// Keeps where the last document starts.
class DocumentStart : public YAML::EventHandler {
 public:
  YAML::Mark mark;

  void OnDocumentStart(const YAML::Mark& start) override { mark = start; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

/// The only document of a text. YAML::Load leaves what follows the first one unread, and YAML::LoadAll (0.7) never ends
/// at a stray comma, so the second one is looked for here.
YAML::Node load_document(const std::string& text, const std::string& name, const std::string& fixed_where) {
  const auto where = [&](const YAML::Mark& mark) { return fixed_where.empty() ? at_line(name, mark) : fixed_where; };
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentStart start;
    if (parser.HandleNextDocument(start) && parser.HandleNextDocument(start))
      throw ConfigError(where(start.mark), "",
                        "expected one YAML document, found the start of another; take \"---\" or stray characters out");
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    refuse_yaml(where(error.mark), error);
  }
}

/// Makes values of nodes. Aliases make a tree of any depth and size out of a short text, without end when one stands
/// within what it names: settings are two deep, and a list of all of a year's files has fewer values.
class ValueMaker {
 public:
  ValueMaker(const std::string& name, const std::string& fixed_where) : name_(name), fixed_where_(fixed_where) {}

  Value make(const YAML::Node& node, int depth = 0) {
    Value value;
    value.where = fixed_where_.empty() ? at_line(name_, node.Mark()) : fixed_where_;
    if (depth > deepest_ || ++count_ > most_values_)
      throw ConfigError(value.where, "",
                        "expected a value, found one that is nested too deeply or never ends; an alias (*name) may not "
                        "stand within what it names");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        value.kind = Value::Kind::scalar;
        value.text = node.Scalar();
        value.quoted = node.Tag() == "!";  // how yaml-cpp marks quotes
        break;
      case YAML::NodeType::Sequence:
        value.kind = Value::Kind::list;
        for (const YAML::Node& item : node) value.items.push_back(make(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        value.kind = Value::Kind::map;
        for (const auto& entry : node) {
          value.keys.push_back(entry.first.IsScalar() ? entry.first.Scalar() : "a list or keys");
          value.items.push_back(make(entry.second, depth + 1));
        }
        break;
      default:
        value.kind = Value::Kind::null;
    }
    return value;
  }

 private:
  static constexpr int deepest_ = 16;
  static constexpr std::size_t most_values_ = 1'000'000;
  const std::string& name_;
  const std::string& fixed_where_;
  std::size_t count_ = 0;
};

/// \param fixed_where  start of messages; empty: the name with the line
Value to_value(const YAML::Node& node, const std::string& name, const std::string& fixed_where) {
  return ValueMaker(name, fixed_where).make(node);
}

/// Keys of a map in the file's order, each once.
/// \param context  "" or "extract.", for messages
std::vector<std::pair<std::string, std::pair<std::string, YAML::Node>>> entries(const YAML::Node& map,
                                                                                const std::string& name,
                                                                                const std::string& context) {
  std::vector<std::pair<std::string, std::pair<std::string, YAML::Node>>> result;
  std::map<std::string, std::string> seen;
  for (const auto& entry : map) {
    const std::string where = at_line(name, entry.first.Mark());
    if (!entry.first.IsScalar())
      throw ConfigError(where, context, "expected a word as key, found a list or keys; take the brackets away");
    const std::string& key = entry.first.Scalar();
    if (const auto [first, fresh] = seen.emplace(key, where); !fresh)
      throw ConfigError(where, context + key,
                        "expected each key once, found it again (first at " + first->second + "); keep one");
    result.push_back({where, {key, entry.second}});
  }
  return result;
}

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const Section& section : sections()) names.push_back(section.name);
  return names;
}

/// "nspec is a key of extract, simulate", or the nearest key.
std::string advise(const std::string& key, const std::vector<std::string>& valid) {
  const std::vector<std::string> homes = sections_with(key);
  if (homes.empty()) return suggest(key, valid);
  std::string result = key + " is a key of section ";
  for (std::size_t i = 0; i < homes.size(); ++i) result += (i == 0 ? "" : ", ") + homes[i];
  return result + ": put it there";
}

void read_section(const std::string& section, const YAML::Node& node, const std::string& where, const std::string& name,
                  Settings& settings) {
  if (node.IsNull()) return;  // everything commented out
  if (!node.IsMap())
    throw ConfigError(
        where, section,
        "expected keys below it, found " + found(to_value(node, name, "")) + "; indent \"key: value\" lines under it");
  std::vector<std::string> keys;
  for (const Field* field : fields_of(section)) keys.push_back(field->key);
  for (const auto& [line, entry] : entries(node, name, section + ".")) {
    const auto& [key, content] = entry;
    const Field* field = find_field(section, key);
    if (field == nullptr)
      throw ConfigError(
          line, section + "." + key,
          fmt::format("expected a key of section {}, found an unknown one; {}", section, advise(key, keys)));
    Value value = to_value(content, name, "");
    if (value.kind != Value::Kind::list) value.where = line;  // an empty value has no line of its own
    field->set(settings, value);
  }
}

}  // namespace

void read_yaml_text(const std::string& text, const std::string& name, Settings& settings) {
  const YAML::Node document = load_document(text, name, "");
  if (document.IsNull())
    throw ConfigError(name, "", "expected sections, found nothing; write for example \"extract:\" and keys below it");
  if (!document.IsMap())
    throw ConfigError(at_line(name, document.Mark()), "",
                      "expected sections, found " + found(to_value(document, name, "")) +
                          "; write for example \"extract:\" and keys below it");
  for (const auto& [line, entry] : entries(document, name, "")) {
    const auto& [section, content] = entry;
    const std::vector<std::string> names = section_names();
    if (std::find(names.begin(), names.end(), section) == names.end())
      throw ConfigError(line, section, "expected a section, found an unknown word; " + advise(section, names));
    read_section(section, content, line, name, settings);
  }
}

void read_yaml_file(const std::string& path, Settings& settings) {
  constexpr std::size_t largest = std::size_t{1} << 20;  // a configuration is a page or two
  read_yaml_text(read_text_file(path, "a configuration file", largest), path, settings);
}

Value parse_yaml_document(const std::string& text, const std::string& name) {
  return to_value(load_document(text, name, ""), name, "");
}

Value parse_yaml_value(const std::string& text, const std::string& where) {
  if (text.empty()) {
    Value value = scalar("", where);
    value.quoted = true;
    return value;
  }
  return to_value(load_document(text, "", where), "", where);
}

}  // namespace zspex::config
