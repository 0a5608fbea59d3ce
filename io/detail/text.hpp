/// \file
/// Words and numbers as FITS headers have them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zspex::io::detail {

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
/// Blanks at the end alone.
std::string_view trim_right(std::string_view text);
std::string upper(std::string_view text);
std::string lower(std::string_view text);

}  // namespace zspex::io::detail
