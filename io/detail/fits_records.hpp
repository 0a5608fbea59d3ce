/// \file
/// Cards into and out of the current HDU of an open file.
#pragma once

#include <fitsio.h>

#include <string>
#include <vector>

#include "io/header.hpp"

namespace zspex::io::detail {

/// All cards of the current HDU, structural ones included.
std::vector<Card> read_cards(fitsfile* file, const std::string& path, const std::string& part);

/// Appends one card; does nothing if status is not 0.
void write_card(fitsfile* file, const Card& card, int& status);

}  // namespace zspex::io::detail
