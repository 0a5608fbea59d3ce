#include <charconv>

#include "config/value.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

/// The whole text, a number from 1 on; else 0.
int counted(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? number : 0;
}

}  // namespace

void read(const Value& value, const std::string& name, const Limits& /*limits*/, Part& result) {
  const std::string_view text = value.kind == Value::Kind::scalar ? std::string_view(value.text) : "";
  const std::size_t slash = text.find('/');
  Part part{0, 0};
  if (slash != std::string_view::npos) part = {counted(text.substr(0, slash)), counted(text.substr(slash + 1))};
  if (part.index == 0 || part.count == 0)
    throw ConfigError(
        value.where, name,
        fmt::format("expected I/N, the I-th of N parts, found {}; the first of four is 1/4", found(value)));
  if (part.index > part.count)
    throw ConfigError(value.where, name,
                      fmt::format("expected a part from 1/{0} to {0}/{0}, found {1}; they are counted from 1",
                                  part.count, found(value)));
  result = part;
}

std::string write(const Part& value) { return fmt::format("{}/{}", value.index, value.count); }

}  // namespace zspex::config
