/// \file
/// FITS header records of 80 characters to cards and back: long strings over CONTINUE records, HIERARCH keys.
/// Source: FITS standard 4.0, sections 4.1, 4.2 and appendix A; the HIERARCH convention.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/detail/text.hpp"
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

}  // namespace zspex::io::detail
