#include "io/detail/fits_cards.hpp"

#include <algorithm>
#include <array>

#include "core/format.hpp"

namespace zspex::io::detail {
namespace {

constexpr std::size_t record_size = 80, key_size = 8;

/// "NAXIS3" -> "NAXIS"; a key without a number stays.
std::string_view without_number(std::string_view key) {
  const auto end = key.find_last_not_of("0123456789");
  return end == std::string_view::npos ? key : key.substr(0, end + 1);
}

bool is_commentary(std::string_view key) { return key == "COMMENT" || key == "HISTORY" || key.empty(); }

bool is_standard_key(std::string_view key) {
  return !key.empty() && key.size() <= key_size &&
         key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string_view::npos;
}

/// Splits "'it''s' / words" or "12 / words" into value and comment.
void split_value(std::string_view field, Card& card) {
  field = trim(field);
  std::size_t end = 0;
  if (!field.empty() && field[0] == '\'') {
    end = 1;
    while (end < field.size()) {
      if (field[end] != '\'') {
        ++end;
      } else if (end + 1 < field.size() && field[end + 1] == '\'') {
        end += 2;
      } else {
        break;
      }
    }
    end = std::min(end + 1, field.size());
  } else {
    end = std::min(field.find('/'), field.size());
  }
  card.value = trim(field.substr(0, end));
  const auto slash = field.find('/', end);
  if (slash != std::string_view::npos) card.comment = trim(field.substr(slash + 1));
}

/// True if the value is a string whose last character is '&': the next record goes on with it.
bool goes_on(const Card& card) {
  return card.value.size() >= 3 && card.value.front() == '\'' && card.value.ends_with("&'");
}

void join(Card& card, std::string_view field) {
  Card next;
  split_value(field, next);
  if (next.value.size() < 2 || next.value.front() != '\'') return;
  card.value.resize(card.value.size() - 2);  // the "&'"
  card.value += next.value.substr(1);
  if (!next.comment.empty()) card.comment += (card.comment.empty() ? "" : " ") + next.comment;
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return out;
}

std::string padded(std::string record) {
  record.resize(record_size, ' ');
  return record;
}

/// prefix + value + " / comment" in one record. Values stand where the fixed format wants them, if the comment then
/// fits.
std::string one_record(const std::string& prefix, const std::string& value, const std::string& comment) {
  std::string field = value;
  constexpr std::size_t fixed_width = 20;
  const std::size_t with_comment = comment.empty() ? 0 : comment.size() + 3;
  if (field.size() < fixed_width && prefix.size() + fixed_width + with_comment <= record_size) {
    const std::string blanks(fixed_width - field.size(), ' ');
    field = !field.empty() && field.front() == '\'' ? field + blanks : blanks + field;
  }
  std::string record = prefix + field;
  if (!comment.empty() && record.size() + 4 <= record_size) record += " / " + comment;
  return padded(std::move(record));
}

/// A string too long for one record: pieces that end in '&', each but the first in a CONTINUE record.
std::vector<std::string> long_string(std::string prefix, std::string_view value, const std::string& comment) {
  std::vector<std::string> records;
  std::string_view rest = value.substr(1, value.size() - 2);  // without the quotes
  while (prefix.size() + rest.size() + 2 > record_size) {
    std::size_t n = record_size - prefix.size() - 3;  // room for two quotes and '&'
    // A doubled quote must not be torn apart: an odd run of quotes at the end means that its partner comes next.
    std::size_t quotes = 0;
    while (quotes < n && rest[n - 1 - quotes] == '\'') ++quotes;
    if (quotes % 2 == 1) --n;
    records.push_back(padded(fmt::format("{}'{}&'", prefix, rest.substr(0, n))));
    rest.remove_prefix(n);
    prefix = "CONTINUE  ";
  }
  records.push_back(one_record(prefix, "'" + std::string(rest) + "'", comment));
  return records;
}

}  // namespace

bool is_structural(std::string_view key) {
  static constexpr std::array<std::string_view, 45> whole = {
      "SIMPLE",   "XTENSION", "BITPIX",   "NAXIS",    "PCOUNT",   "GCOUNT",   "EXTEND",   "GROUPS",   "BLOCKED",
      "TFIELDS",  "THEAP",    "BSCALE",   "BZERO",    "BLANK",    "CHECKSUM", "DATASUM",  "EXTNAME",  "EXTVER",
      "EXTLEVEL", "END",      "CONTINUE", "ZIMAGE",   "ZCMPTYPE", "ZMASKCMP", "ZSIMPLE",  "ZTENSION", "ZEXTEND",
      "ZBLOCKED", "ZPCOUNT",  "ZGCOUNT",  "ZHECKSUM", "ZDATASUM", "ZQUANTIZ", "ZDITHER0", "ZBITPIX",  "ZNAXIS",
      "ZTABLE",   "ZTHEAP",   "FZALGOR",  "FZTILE",   "FZQVALUE", "FZQMETHD", "FZDTHRSD", "FZINT2F",  "FZHSCALE"};
  if (std::find(whole.begin(), whole.end(), key) != whole.end()) return true;
  static constexpr std::array<std::string_view, 17> numbered = {"NAXIS", "TTYPE", "TFORM", "TUNIT", "TSCAL",  "TZERO",
                                                                "TNULL", "TDISP", "TDIM",  "TBCOL", "ZNAXIS", "ZTILE",
                                                                "ZNAME", "ZVAL",  "ZFORM", "ZCTYP", "FZALG"};
  const std::string_view stem = without_number(key);
  return stem.size() < key.size() && std::find(numbered.begin(), numbered.end(), stem) != numbered.end();
}

std::vector<Card> parse_records(std::string_view records) {
  std::vector<Card> cards;
  for (std::size_t at = 0; at + key_size <= records.size(); at += record_size) {
    const std::string_view record = records.substr(at, record_size);
    const std::string_view key = trim(record.substr(0, key_size)), rest = record.substr(key_size);
    if (key == "END" && trim(rest).empty()) break;
    if (trim(record).empty()) continue;
    Card card;
    const auto equals = record.find('=');
    if (key == "CONTINUE" && !cards.empty() && goes_on(cards.back())) {
      join(cards.back(), rest);
      continue;
    }
    if (key == "HIERARCH" && rest.starts_with(" ") && equals != std::string_view::npos) {
      card.key = upper(trim(record.substr(key_size, equals - key_size)));
      split_value(record.substr(equals + 1), card);
    } else if (!is_commentary(key) && rest.starts_with("=")) {
      card.key = upper(key);
      split_value(rest.substr(1), card);
    } else if (is_commentary(key)) {
      card.key = key;
      card.comment = trim_right(rest);
    } else {
      // A keyword without a value indicator, or a CONTINUE that continues nothing: only a comment can hold it again.
      card.key = "COMMENT";
      card.comment = trim_right(record);
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

std::vector<std::string> format_card(const Card& card) {
  const std::string comment = printable(card.comment);
  if (is_commentary(card.key)) {
    const std::string prefix = (card.key + std::string(key_size, ' ')).substr(0, key_size);
    std::vector<std::string> records;
    std::size_t at = 0;
    do {
      records.push_back(padded(prefix + comment.substr(at, record_size - key_size)));
      at += record_size - key_size;
    } while (at < comment.size());
    return records;
  }
  const std::string key = upper(printable(card.key)), value = printable(card.value);
  std::string prefix =
      is_standard_key(key) ? (key + std::string(key_size, ' ')).substr(0, key_size) + "= " : "HIERARCH " + key + " = ";
  const bool is_text = value.size() >= 2 && value.front() == '\'';
  if (is_text && prefix.size() + value.size() > record_size) return long_string(std::move(prefix), value, comment);
  return {one_record(prefix, value, comment)};
}

}  // namespace zspex::io::detail
