#include "config/value.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "core/error.hpp"

namespace zspex::config {
namespace {

using Kind = Value::Kind;

// Spectra of optical and near-infrared spectrographs in Angstrom: nanometers and meters are caught, other surveys are
// not.
constexpr double wave_floor = 1000, wave_ceiling = 50000;
// Far below a bin of any spectrograph that a PSF of this kind describes, and far above.
constexpr double dwave_floor = 0.01, dwave_ceiling = 50;

[[noreturn]] void refuse(const Value& value, const std::string& name, const std::string& expected,
                         const std::string& advice = "") {
  throw ConfigError(
      value.where, name,
      fmt::format("expected {}, found {}{}", expected, found(value), advice.empty() ? "" : "; " + advice));
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(number)) return std::nullopt;
  }
  return number;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return std::string(text);
}

template <class T>
void read_number(const Value& value, const std::string& name, const Limits& limits, const std::string& kind,
                 T& result) {
  const std::string range = limits.text();
  const std::string expected = kind + (range.empty() ? "" : " " + range);
  if (value.kind == Kind::scalar && value.quoted && parse_number<T>(value.text))
    refuse(value, name, expected, "a value in quotes is text: take the quotes away");
  const std::optional<T> number =
      value.kind == Kind::scalar && !value.quoted ? parse_number<T>(value.text) : std::nullopt;
  if (!number || !limits.allow(static_cast<double>(*number))) refuse(value, name, expected);
  result = *number;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

/// Three numbers, as a list or with commas between them.
std::vector<double> read_three(const Value& value, const std::string& name, const std::string& expected,
                               const std::string& example) {
  std::vector<double> numbers;
  if (value.kind == Kind::scalar) {
    for (const std::string& part : split_at_commas(value.text)) {
      const std::optional<double> number = parse_number<double>(trimmed(part));
      if (!number) refuse(value, name, expected, example);
      numbers.push_back(*number);
    }
  } else if (value.kind == Kind::list) {
    for (const Value& item : value.items) read_number(item, name, {}, "a number", numbers.emplace_back());
  }
  if (numbers.size() != 3) refuse(value, name, expected, example);
  return numbers;
}

/// Starts with a letter, a digit with a letter later, / or ., holds only harmless characters and is no word of YAML.
bool is_plain(const std::string& text) {
  if (text.empty() || parse_number<double>(text)) return false;
  const auto first = static_cast<unsigned char>(text[0]);
  if (!std::isalpha(first) && first != '/' && first != '.') return false;
  for (const char letter : text) {
    if (!std::isalnum(static_cast<unsigned char>(letter)) &&
        std::string_view("/._-+").find(letter) == std::string::npos)
      return false;
  }
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::array words = {"true", "false", "yes",  "no",   "on",  "off", "null",
                                "y",    "n",     ".inf", ".nan", "nan", "inf"};
  return std::find(words.begin(), words.end(), lower) == words.end();
}

}  // namespace

Value scalar(std::string text, std::string where) {
  return {Kind::scalar, std::move(text), false, {}, std::move(where)};
}

std::string found(const Value& value) {
  switch (value.kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return value.items.empty() ? "an empty list" : fmt::format("a list of {}", value.items.size());
    case Kind::map:
      return "keys below it";
    case Kind::scalar:
      break;
  }
  return value.quoted || !parse_number<double>(value.text) ? '"' + value.text + '"' : value.text;
}

bool Limits::allow(double number) const {
  return !(at_least && !(number >= *at_least)) && !(above && !(number > *above)) &&
         !(at_most && !(number <= *at_most)) && !(below && !(number < *below));
}

std::string Limits::text() const {
  std::string result;
  const auto add = [&](const char* sign, const std::optional<double>& bound) {
    if (!bound) return;
    const bool whole = std::abs(*bound) < 1e9 && *bound == std::trunc(*bound);  // 1000000 and not 1e+06
    result += fmt::format("{}{} {}", result.empty() ? "" : " and ", sign,
                          whole ? write(static_cast<int>(*bound)) : write(*bound));
  };
  add(">=", at_least);
  add(">", above);
  add("<=", at_most);
  add("<", below);
  return result;
}

void read(const Value& value, const std::string& name, const Limits&, bool& result) {
  if (value.kind != Kind::scalar || value.quoted || (value.text != "true" && value.text != "false"))
    refuse(value, name, "true or false");
  result = value.text == "true";
}

void read(const Value& value, const std::string& name, const Limits& limits, int& result) {
  read_number(value, name, limits, "a whole number", result);
}

void read(const Value& value, const std::string& name, const Limits& limits, double& result) {
  read_number(value, name, limits, "a number", result);
}

void read(const Value& value, const std::string& name, const Limits&, std::string& result) {
  if (value.kind == Kind::null) refuse(value, name, "text", "write \"\" for none, or take the key out");
  if (value.kind != Kind::scalar) refuse(value, name, "text");
  if (value.text.find('\n') != std::string::npos) refuse(value, name, "text on one line");
  result = value.text;
}

void read(const Value& value, const std::string& name, const Limits& limits, std::vector<std::string>& result) {
  if (value.kind == Kind::null) refuse(value, name, "a list", "write [] for none, or take the key out");
  if (value.kind == Kind::map) refuse(value, name, "a list", "write [one, two], or a line \"- one\" for each");
  std::vector<std::string> items;
  if (value.kind == Kind::scalar) items.push_back(value.text);
  for (std::size_t i = 0; i < value.items.size(); ++i)
    read(value.items[i], fmt::format("{}[{}]", name, i), limits, items.emplace_back());
  for (const std::string& item : items) {
    if (item.empty()) throw ConfigError(value.where, name, "expected text, found \"\"; write [] for an empty list");
  }
  result = std::move(items);
}

void read(const Value& value, const std::string& name, const Limits&, WaveRange& result) {
  const auto numbers = read_three(value, name, "wmin,wmax,dw in Angstrom", "for example 5760,7620,0.8");
  const WaveRange range{numbers[0], numbers[1], numbers[2]};
  const auto wrong = [&](const std::string& what) { throw ConfigError(value.where, name, what); };
  const std::string all = fmt::format("{},{},{}", write(range.wavemin), write(range.wavemax), write(range.dwave));
  if (!(range.wavemin < range.wavemax)) wrong("expected wmin < wmax, found " + all + "; the order is wmin,wmax,dw");
  if (range.wavemin < wave_floor || range.wavemax > wave_ceiling)
    wrong(fmt::format("expected wavelengths in Angstrom, from {} to {}, found {}", write(wave_floor),
                      write(wave_ceiling), all));
  if (!(range.dwave > 0)) wrong("expected a step dw > 0, found " + all);
  if (range.dwave < dwave_floor || range.dwave > dwave_ceiling || range.dwave > range.wavemax - range.wavemin)
    wrong(fmt::format("expected a step dw from {} to {} Angstrom that is not above wmax - wmin, found {}",
                      write(dwave_floor), write(dwave_ceiling), all));
  result = range;
}

namespace {

/// Reads a list item by item, or one scalar that commas part. \param take  reads an item: its place, its text
template <class Take>
void read_list(const Value& value, const std::string& name, const std::string& what, const Take& take) {
  if (value.kind == Kind::map || value.kind == Kind::null)
    refuse(value, name, "a list of " + what, "write [] for none");
  if (value.kind == Kind::scalar)
    for (const std::string& text : split_at_commas(value.text)) take(value, text);
  for (const Value& item : value.items) take(item, item.text);
}

}  // namespace

void read(const Value& value, const std::string& name, const Limits&, std::vector<std::int64_t>& result) {
  std::vector<std::int64_t> numbers;
  read_list(value, name, "whole numbers", [&](const Value& item, const std::string& text) {
    const auto number = parse_number<std::int64_t>(trimmed(text));
    if (!number) refuse(item, name, "whole numbers", "for example 39627652591521181,39627652591521182");
    numbers.push_back(*number);
  });
  result = std::move(numbers);
}

void read(const Value& value, const std::string& name, const Limits& limits, std::vector<double>& result) {
  std::vector<double> numbers;
  read_list(value, name, "numbers", [&](const Value& item, const std::string& text) {
    read(scalar(trimmed(text), item.where), name, limits, numbers.emplace_back());
  });
  result = std::move(numbers);
}

void read(const Value& value, const std::string& name, const Limits&, ZscanRange& result) {
  const auto numbers = read_three(value, name, "zmin,zmax,dz", "for example -0.005,1.7,3e-4");
  const ZscanRange range{numbers[0], numbers[1], numbers[2]};
  const auto wrong = [&](const std::string& what) { throw ConfigError(value.where, name, what); };
  const std::string all = fmt::format("{},{},{}", write(range.zmin), write(range.zmax), write(range.dz));
  if (!(range.zmin > -1 && range.zmin < range.zmax)) wrong("expected -1 < zmin < zmax, found " + all);
  if (!(range.dz > 0)) wrong("expected a step dz > 0, found " + all);
  constexpr int most_redshifts = 10000000;
  if ((range.zmax - range.zmin) / range.dz > most_redshifts)
    wrong(
        fmt::format("expected at most {} redshifts, found more in {}; take a larger step", write(most_redshifts), all));
  result = range;
}

void read(const Value& value, const std::string& name, const Limits&, Site& result) {
  const auto numbers = read_three(value, name, "latitude,longitude,height",
                                  "for example 31.96403,-111.59989,2097 (degrees, degrees, m)");
  const Site site{numbers[0], numbers[1], numbers[2]};
  const bool on_earth = std::abs(site.latitude) <= 90 && std::abs(site.longitude) <= 360 && std::abs(site.height) < 1e4;
  if (!on_earth)
    throw ConfigError(value.where, name,
                      "expected a place on Earth: latitude from -90 to 90 and longitude from -360 to 360 degrees (east "
                      "is positive), height in m, found " +
                          write(site));
  result = site;
}

void read(const Value& value, const std::string& name, const Limits& limits, LineSpread& result) {
  if (value.kind == Kind::scalar && value.text == "none") {
    result = {};
    return;
  }
  double r_fwhm = 0;
  read_number(value, name, limits, "none, or a number", r_fwhm);
  result = {r_fwhm};
}

std::string write(bool value) { return value ? "true" : "false"; }

std::string write(int value) { return std::to_string(value); }

std::string write(double value) {
  // The shortest text that reads back to the same bits.
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::string(text.data(), end) : "nan";
}

std::string write(const std::string& value) {
  if (is_plain(value)) return value;
  std::string result = "\"";
  for (const char letter : value) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      result += '\\';
      result += letter;
    } else if (code < 0x20 || code == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      result += {'\\', 'x', digits[code >> 4], digits[code & 15]};
    } else {
      result += letter;
    }
  }
  return result + '"';
}

std::string write(const std::vector<std::string>& value) {
  std::string result = "[";
  for (std::size_t i = 0; i < value.size(); ++i) result += (i == 0 ? "" : ", ") + write(value[i]);
  return result + "]";
}

std::string write(const WaveRange& value) {
  return fmt::format("[{}, {}, {}]", write(value.wavemin), write(value.wavemax), write(value.dwave));
}

std::string write(const std::vector<std::int64_t>& value) { return fmt::format("[{}]", fmt::join(value, ", ")); }

std::string write(const std::vector<double>& value) {
  std::string result = "[";
  for (std::size_t i = 0; i < value.size(); ++i) result += (i == 0 ? "" : ", ") + write(value[i]);
  return result + "]";
}

std::string write(const ZscanRange& value) {
  return fmt::format("[{}, {}, {}]", write(value.zmin), write(value.zmax), write(value.dz));
}

std::string write(const Site& value) {
  return fmt::format("[{}, {}, {}]", write(value.latitude), write(value.longitude), write(value.height));
}

std::string write(const LineSpread& value) { return value.r_fwhm > 0 ? write(value.r_fwhm) : "none"; }

}  // namespace zspex::config
