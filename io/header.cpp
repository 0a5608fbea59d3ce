#include "io/header.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "io/detail/text.hpp"

namespace zspex::io {
namespace {

const Card* find_card(const std::vector<Card>& cards, std::string_view key) {
  const auto at = std::find_if(cards.begin(), cards.end(), [&](const Card& card) { return card.key == key; });
  return at == cards.end() ? nullptr : &*at;
}

void set_raw(std::vector<Card>& cards, std::string_view key, std::string value, std::string_view comment) {
  for (Card& card : cards) {
    if (card.key != key) continue;
    card.value = std::move(value);
    if (!comment.empty()) card.comment = comment;
    return;
  }
  cards.push_back({std::string(key), std::move(value), std::string(comment)});
}

}  // namespace

bool Header::has(std::string_view key) const { return find_card(cards_, key) != nullptr; }

std::optional<std::string> Header::text(std::string_view key) const {
  const Card* card = find_card(cards_, key);
  return card ? detail::unquote(card->value) : std::nullopt;
}

std::optional<double> Header::number(std::string_view key) const {
  const Card* card = find_card(cards_, key);
  if (!card) return std::nullopt;
  std::string digits = card->value;
  if (!digits.empty() && digits[0] == '+') digits.erase(0, 1);
  // FITS allows Fortran's D exponents.
  for (char& c : digits)
    if (c == 'D' || c == 'd') c = 'E';
  // from_chars would take "nan" and "inf", which are no FITS numbers.
  if (digits.find_first_not_of("0123456789+-.Ee") != std::string::npos) return std::nullopt;
  double value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || status != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<long long> Header::integer(std::string_view key) const {
  const Card* card = find_card(cards_, key);
  if (!card) return std::nullopt;
  std::string_view digits = card->value;
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  long long value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || status != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<bool> Header::logical(std::string_view key) const {
  const Card* card = find_card(cards_, key);
  if (card && card->value == "T") return true;
  if (card && card->value == "F") return false;
  return std::nullopt;
}

void Header::set(std::string_view key, std::string_view text, std::string_view comment) {
  set_raw(cards_, key, detail::quote(text), comment);
}

void Header::set(std::string_view key, double value, std::string_view comment) {
  set_raw(cards_, key, detail::format_number(value), comment);
}

void Header::set(std::string_view key, long long value, std::string_view comment) {
  set_raw(cards_, key, std::to_string(value), comment);
}

void Header::set(std::string_view key, bool value, std::string_view comment) {
  set_raw(cards_, key, value ? "T" : "F", comment);
}

void Header::erase(std::string_view key) {
  std::erase_if(cards_, [&](const Card& card) { return card.key == key; });
}

}  // namespace zspex::io
