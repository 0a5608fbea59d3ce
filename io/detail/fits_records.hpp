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
/// Appends all cards but structural ones; LONGSTRN before them where one of them needs CONTINUE records.
void write_cards(fitsfile* file, const Header& header, int& status);
/// Replaces a card of one record that is there.
void modify_card(fitsfile* file, const Card& card, int& status);

/// Appends CHECKSUM and DATASUM to be filled in later. Before the data are written: a header that grows moves them.
void reserve_checksums(fitsfile* file, int& status);
inline constexpr const char *checksum_comment = "HDU checksum", *datasum_comment = "data unit checksum";

}  // namespace zspex::io::detail
