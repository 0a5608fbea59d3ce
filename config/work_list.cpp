#include "config/work_list.hpp"

#include <algorithm>
#include <sstream>

#include "config/suggest.hpp"
#include "config/text_file.hpp"
#include "config/value.hpp"
#include "config/yaml_reader.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

/// The files of a year.
constexpr std::size_t largest_list = std::size_t{64} << 20;

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);  // blanks and tabs separate
  for (std::string word; stream >> word && word[0] != '#';) words.push_back(word);
  return words;
}

/// CR LF and CR end lines as LF does: taken for a blank, a CR would make an output of the next line's input.
std::string with_plain_ends(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r')
      plain += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      plain += '\n';
  return plain;
}

std::vector<ListItem> read_lines(const std::string& path, const std::string& text, const ListForm& form) {
  std::vector<ListItem> items;
  std::istringstream lines(with_plain_ends(text));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto words = words_of(line);
    if (words.empty()) continue;
    ListItem item{fmt::format("{}:{}", path, number), {}};
    if (words.size() < form.fewest || words.size() > form.words.size())
      throw ConfigError(item.where, form.key,
                        fmt::format("expected {}, found {} word{}; names with blanks need a YAML list (.yaml)",
                                    form.shown, words.size(), words.size() == 1 ? "" : "s"));
    for (std::size_t i = 0; i < words.size(); ++i) item.files[form.words[i]] = {words[i]};
    items.push_back(std::move(item));
  }
  return items;
}

std::vector<ListItem> read_items(const std::string& path, const std::string& text, const ListForm& form) {
  const Value list = parse_yaml_document(text, path);
  if (list.kind == Value::Kind::null) return {};
  if (list.kind != Value::Kind::list)
    throw ConfigError(list.where, form.key,
                      "expected a list, found " + found(list) + "; begin each run with \"- input: FILE\"");
  std::vector<std::string> keys = form.words;
  keys.insert(keys.end(), form.more.begin(), form.more.end());
  std::vector<ListItem> items;
  for (const Value& one : list.items) {
    if (one.kind != Value::Kind::map)
      throw ConfigError(one.where, form.key,
                        "expected a run's files by their keys, found " + found(one) + "; write \"- input: FILE\"");
    ListItem& item = items.emplace_back(ListItem{one.where, {}});
    for (std::size_t i = 0; i < one.keys.size(); ++i) {
      const std::string& key = one.keys[i];
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        throw ConfigError(one.items[i].where, form.key,
                          fmt::format("expected a key of a run's files, found {}; {}", key, suggest(key, keys)));
      if (item.files.count(key) != 0)
        throw ConfigError(one.items[i].where, form.key,
                          fmt::format("expected each key of a run once, found {} again; make a run of each", key));
      read(one.items[i], key, {}, item.files[key]);
    }
    if (item.of("input").empty())
      throw ConfigError(item.where, form.key, "expected an input of each run, found none; write \"- input: FILE\"");
  }
  return items;
}

}  // namespace

const std::vector<std::string>& ListItem::of(const std::string& key) const {
  static const std::vector<std::string> none;
  const auto at = files.find(key);
  return at == files.end() ? none : at->second;
}

std::string ListItem::one_of(const std::string& key) const {
  const auto& all = of(key);
  if (all.size() > 1)
    throw ConfigError(where, key, fmt::format("expected one file, found {}; make a run of each", all.size()));
  return all.empty() ? "" : all.front();
}

std::vector<ListItem> read_work_list(const std::string& path, const ListForm& form) {
  const std::string text = read_text_file(path, "a list", largest_list);
  const bool yaml = path.ends_with(".yaml") || path.ends_with(".yml");
  auto items = yaml ? read_items(path, text, form) : read_lines(path, text, form);
  if (items.empty())
    throw ConfigError(path, form.key, fmt::format("expected a run on each line, found none; write {}", form.shown));
  return items;
}

}  // namespace zspex::config
