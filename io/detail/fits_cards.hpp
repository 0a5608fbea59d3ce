/// \file
/// FITS header records of 80 characters to cards and back: long strings over CONTINUE records, HIERARCH keys.
/// Source: FITS standard 4.0, sections 4.1, 4.2 and appendix A; the HIERARCH convention.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/header.hpp"

namespace zspex::io::detail {

/// A keyword that describes the HDU's layout in this one file (NAXIS, TFORM3, CHECKSUM, ZTILE1, ...) or its place
/// (EXTNAME). Such cards are made anew by the writer and never passed on.
bool is_structural(std::string_view key);

/// The cards of a header given as records of 80 characters, one after the other; stops at END. CONTINUE records are
/// joined to the string before them, blank records dropped. All cards, structural ones included.
std::vector<Card> parse_records(std::string_view records);

/// One card as one or more records of exactly 80 characters. Characters outside printable ASCII become '?'.
std::vector<std::string> format_card(const Card& card);

/// A text as a FITS string: in quotes, quotes doubled.
std::string quote(std::string_view text);
/// The text of a FITS string without quotes and trailing blanks; nothing if it is not a string.
std::optional<std::string> unquote(std::string_view value);
/// The shortest decimal that reads back as the same double, with a point or an exponent. Empty (an undefined value,
/// which FITS allows) if not finite, which a header can't hold.
std::string format_number(double value);
/// The same for messages, which can say nan and inf.
std::string show_number(double value);

std::string_view trim(std::string_view text);
std::string upper(std::string_view text);
std::string lower(std::string_view text);

}  // namespace zspex::io::detail
