#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

#include "config/suggest.hpp"
#include "config/value.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

using Kind = Value::Kind;

constexpr std::array rules = {std::pair{CameraRule::automatic, "auto"}, std::pair{CameraRule::desi, "desi"},
                              std::pair{CameraRule::psf, "psf"}};

bool is_word(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c) || c == '_'; });
}

/// "b:1,2,3,r:4,5,6" as keys with values: a name of letters with a colon starts the next one.
Value split_at_bands(const Value& value, const std::string& name) {
  Value map;
  map.kind = Kind::map;
  map.where = value.where;
  for (std::size_t at = 0; at < value.text.size();) {
    const std::size_t comma = std::min(value.text.find(',', at), value.text.size());
    std::string part = value.text.substr(at, comma - at);
    part.erase(0, std::min(part.find_first_not_of(' '), part.size()));
    if (const std::size_t colon = part.find(':'); colon != std::string::npos) {
      map.keys.push_back(part.substr(0, colon));
      map.items.push_back(scalar(part.substr(colon + 1), value.where));
    } else {
      if (map.items.empty())
        throw ConfigError(value.where, name, "expected a band and a colon before each value, found " + found(value));
      map.items.back().text += "," + part;
    }
    at = comma + 1;
  }
  return map;
}

template <class T>
ByCamera<T> read_bands(const Value& map, const std::string& name, const Limits& limits) {
  std::map<char, T> bands;
  for (std::size_t i = 0; i < map.keys.size(); ++i) {
    const std::string& key = map.keys[i];
    if (key != "b" && key != "r" && key != "z")
      throw ConfigError(map.where, name,
                        "expected bands b, r and z, found " + key + "; for other cameras give one value");
    T one{};
    read(map.items[i], name + "." + key, limits, one);
    if (!bands.emplace(key[0], one).second)
      throw ConfigError(map.where, name, "expected each band once, found " + key + " again; keep one");
  }
  if (bands.empty())
    throw ConfigError(map.where, name, "expected a value of a band, found none; for example b, r or z");
  return bands;
}

template <class T>
void read_by_camera(const Value& value, const std::string& name, const Limits& limits, ByCamera<T>& result) {
  const bool word = value.kind == Kind::scalar && !value.quoted && is_word(value.text);
  if (value.kind == Kind::null || (word && value.text == "null")) {
    result = CameraRule::automatic;
  } else if (word) {
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const auto& one) { return value.text == one.second; });
    if (rule == rules.end())
      throw ConfigError(value.where, name,
                        fmt::format("expected {}, found {}; {}", type_name(&result), found(value),
                                    suggest(value.text, {"auto", "desi", "psf"})));
    result = rule->first;
  } else if (value.kind == Kind::map) {
    result = read_bands<T>(value, name, limits);
  } else if (value.kind == Kind::scalar && value.text.find(':') != std::string::npos) {
    result = read_bands<T>(split_at_bands(value, name), name, limits);
  } else {
    T all{};
    read(value, name, limits, all);
    result = all;
  }
}

template <class T>
std::string write_by_camera(const ByCamera<T>& value) {
  if (value.all()) return write(*value.all());
  if (value.bands().empty()) {
    return std::find_if(rules.begin(), rules.end(), [&](const auto& one) { return one.first == value.rule(); })->second;
  }
  std::string result;
  for (const auto& [band, one] : value.bands()) result += (result.empty() ? "{" : ", ") + (band + (": " + write(one)));
  return result + "}";
}

}  // namespace

void read(const Value& value, const std::string& name, const Limits& limits, ByCamera<WaveRange>& result) {
  read_by_camera(value, name, limits, result);
}
void read(const Value& value, const std::string& name, const Limits& limits, ByCamera<double>& result) {
  read_by_camera(value, name, limits, result);
}

std::string write(const ByCamera<WaveRange>& value) { return write_by_camera(value); }
std::string write(const ByCamera<double>& value) { return write_by_camera(value); }

}  // namespace zspex::config
