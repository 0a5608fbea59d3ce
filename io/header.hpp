/// \file
/// A FITS header as a list of cards, passed from input to output.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zspex::io {

/// One header card. The value is kept as it stands in the file (strings with their quotes), so that it can be passed
/// on.
struct Card {
  std::string key;      ///< upper case, without padding; "COMMENT" and "HISTORY" may repeat
  std::string value;    ///< raw FITS value field; empty for COMMENT and HISTORY
  std::string comment;  ///< text after the slash, or of the COMMENT
};

/// Cards in file order. Structural keywords (SIMPLE, BITPIX, NAXIS*, TFORM*, CHECKSUM, ...) are not kept.
class Header {
 public:
  const std::vector<Card>& cards() const { return cards_; }
  bool has(std::string_view key) const;
  /// Values of the first card with this key; nothing if absent or of another type.
  std::optional<std::string> text(std::string_view key) const;  ///< without quotes and padding
  std::optional<double> number(std::string_view key) const;
  std::optional<long long> integer(std::string_view key) const;
  std::optional<bool> logical(std::string_view key) const;
  /// Replaces the first card with this key, or appends one.
  void set(std::string_view key, std::string_view text, std::string_view comment = "");
  void set(std::string_view key, const char* text, std::string_view comment = "") {
    set(key, std::string_view(text), comment);
  }
  void set(std::string_view key, double value, std::string_view comment = "");
  void set(std::string_view key, long long value, std::string_view comment = "");
  void set(std::string_view key, int value, std::string_view comment = "") {
    set(key, static_cast<long long>(value), comment);
  }
  void set(std::string_view key, bool value, std::string_view comment = "");
  void append(Card card) { cards_.push_back(std::move(card)); }
  void erase(std::string_view key);

 private:
  std::vector<Card> cards_;
};

}  // namespace zspex::io
